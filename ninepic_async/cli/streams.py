"""Write the output of ``ninepic download`` that is one stream: a ZIP, or one photo on stdout."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from attrs import frozen
from rich import filesize

from ninepic_async import Event, NinePic
from ninepic_async._support.daemon_thread import run_in_daemon_thread
from ninepic_async.cli.errors import CommandError, Interrupted, UsageError
from ninepic_async.cli.fetch import STDOUT
from ninepic_async.cli.options import find_event
from ninepic_async.cli.profiles import replacing
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.selection import Found, Rendition, Selection, find

_TAIL_BYTES: Final = 64 * 1024
_MISSING: Final = b"MISSING.txt"
"""The entry that lists missing photos. It is the last entry, so its name is near the end of the ZIP."""


@frozen
class Zipped:
    """A ZIP that was written.

    Attributes:
        bytes: the size of the ZIP.
        complete: whether the ZIP has every photo.
        request_id: the id of the selfie search, if there was one.
    """

    bytes: int
    complete: bool
    request_id: str | None


def check_stdout() -> None:
    """Check that stdout is not a terminal, because the output is binary.

    Raises:
        UsageError: stdout is a terminal.
    """
    if sys.stdout.isatty():
        raise UsageError("stdout is a terminal: redirect it to a file or a program, such as > photo.jpg")


def check_zip(to: Path) -> None:
    """Check that a ZIP can be written. Do this before any search is charged.

    Raises:
        UsageError: the ZIP can't be written.
    """
    if to == STDOUT:
        check_stdout()
    elif to.is_dir():
        raise UsageError(f"--zip {to} is a folder: give a file, such as {to / 'photos.zip'}")
    elif not os.access(to.parent, os.W_OK):
        raise UsageError(f"--zip {to}: there is no folder {to.parent} that you can write to")


async def write_photo(client: NinePic, event_id: str, image_id: str, max_bytes: int) -> None:
    """Write one original to stdout.

    Raises:
        CommandError: the service can't sign a link to the original.
        NinePicError: the original can't be fetched.
    """
    async with client:
        event = await find_event(client, event_id)
        page = await event.originals(image_id=image_id).first_page()
        link = next(iter(page.items), None)
        if link is None:
            why = page.failed[0].error if page.failed else "the service has no such photo"
            raise CommandError(f"{image_id}: {why}")
        await _copy(event.stream(link, max_bytes=max_bytes), sys.stdout.buffer, lambda _: None)


async def _copy(
    chunks: AsyncGenerator[bytes, None], file: BinaryIO, written: Callable[[bytes], object]
) -> None:
    async with aclosing(chunks):
        async for chunk in chunks:
            # Write in a thread: the reader of a pipe may be slow, and Ctrl-C must work during the write.
            await run_in_daemon_thread(functools.partial(file.write, chunk), name="ninepic output")
            written(chunk)
    await run_in_daemon_thread(file.flush, name="ninepic output")


async def write_zip(
    client: NinePic,
    event_id: str,
    selection: Selection,
    selfie: Path | bytes | None,
    rendition: Rendition,
    to: Path,
) -> Zipped:
    """Write the selected photos into a ZIP.

    Raises:
        Interrupted: the user pressed Ctrl-C; no file is left.
        NinePicError: listing the photos failed.
    """
    found: Found | None = None
    try:
        async with client:
            event = await find_event(client, event_id)
            found = await find(event, selection, selfie, count=False)
            with _opened(to) as file:
                return await _zip(event, found, rendition, file)
    except asyncio.CancelledError:
        # Only Ctrl-C cancels this task.
        request_id = None if found is None else found.request_id
        how = "" if request_id is None else f", with --request-id {request_id} instead of the selfie"
        raise Interrupted(f"interrupted, and no ZIP is left; run the same command again{how}") from None


async def _zip(event: Event, found: Found, rendition: Rendition, file: BinaryIO) -> Zipped:
    size, tail = 0, b""
    with waiting("Zipping") as bar:

        def written(chunk: bytes) -> None:
            nonlocal size, tail
            size, tail = size + len(chunk), (tail + chunk)[-_TAIL_BYTES:]
            bar.update(filesize.decimal(size))

        await _copy(event.zip(found.source, rendition=rendition), file, written)
    return Zipped(size, _MISSING not in tail, found.request_id)


def _opened(to: Path) -> AbstractContextManager[BinaryIO]:
    return _stdout() if to == STDOUT else _new_file(to)


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    yield sys.stdout.buffer


@contextmanager
def _new_file(to: Path) -> Iterator[BinaryIO]:
    with replacing(to, mode=0o666) as descriptor, open(descriptor, "wb") as file:
        yield file
