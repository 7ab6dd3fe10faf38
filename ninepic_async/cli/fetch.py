"""Fetch files with a progress bar, and print the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from typing import Final, Literal

from attrs import define, field, frozen
from rich import filesize

from ninepic_async import DownloadProgress, DownloadReport, Event
from ninepic_async._support.defaults import DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES
from ninepic_async.cli.errors import Interrupted, UsageError
from ninepic_async.cli.progress import Bar, fetched, fetching
from ninepic_async.cli.selection import Found, Rendition
from ninepic_async.cli.terminal import Noun, print_failures, print_note

Concurrency = int | Literal["auto"]
STDOUT: Final = Path("-")


@frozen(kw_only=True)
class FetchOptions:
    """Options of a download."""

    rendition: Rendition = "large"
    concurrency: Concurrency = DOWNLOAD_CONCURRENCY
    max_bytes: int = MAX_FILE_BYTES
    skip_deleted: bool = False


def check_folder(to: Path | None) -> None:
    """Check, before any charge, that a folder exists or can be created.

    Raises:
        UsageError: the path is not a folder, or no folder can be created there.
    """
    if to is None:
        return
    if to == STDOUT:
        raise UsageError("give a folder; only `ninepic download --image-id ID --to -` writes to stdout")
    if to.exists() and not to.is_dir():
        raise UsageError(f"{to} is not a folder; give a folder to fetch files into")
    missing = [folder for folder in (to, *to.parents) if not folder.exists()]
    created: list[Path] = []
    try:
        for folder in reversed(missing):
            folder.mkdir()
            created.append(folder)
    except OSError as error:
        raise UsageError(
            f"the folder {to} can't be created ({error.strerror}); give a folder that you can write to"
        ) from None
    finally:
        for folder in reversed(created):
            with suppress(OSError):
                folder.rmdir()


async def fetch(event: Event, found: Found, to: Path, options: FetchOptions) -> DownloadReport:
    """Fetch files into a folder and show the progress.

    Raises:
        Interrupted: the user pressed Ctrl-C. The message says how to continue.
        DownloadError: the folder can't be written to.
        NinePicError: listing the source failed.
    """
    async with AsyncExitStack() as stack:
        if isinstance(found.source, AsyncGenerator):
            await stack.enter_async_context(aclosing(found.source))
        watcher = _Watcher(stack.enter_context(fetching()), found.total)
        try:
            return await event.download(
                found.source,
                to,
                rendition=options.rendition,
                concurrency=options.concurrency,
                max_bytes=options.max_bytes,
                skip_deleted=options.skip_deleted,
                on_progress=watcher.show,
            )
        except asyncio.CancelledError:
            # Only Ctrl-C cancels this task.
            raise Interrupted(_how_to_continue(watcher.last, found, to)) from None


@define(eq=False)
class _Watcher:
    """Shows the progress, and keeps the latest."""

    bar: Bar
    total: int | None
    last: DownloadProgress = field(factory=DownloadProgress)

    def show(self, progress: DownloadProgress) -> None:
        self.last = progress
        text, done = fetched(progress)
        total = None if self.total is None else max(self.total, progress.known)
        self.bar.update(text, done, total, progress.pace)


def print_outcome(report: DownloadReport, to: Path) -> None:
    """Print what was fetched and what is missing."""
    print_failures((row.name, row.error) for row in report.failed)
    if not (report.done or report.skipped or report.failed):
        print_note("No such photos.")
        return
    if report.done or report.skipped:
        fetched = Noun("file", "fetched").count(report.done)
        size = f" ({filesize.decimal(report.bytes)})" if report.done else ""
        there = f"; {report.skipped:,} already there" if report.skipped else ""
        print_note(f"{fetched}{size} into {to}{there}.")
    if report.failed:
        print_note(f"{len(report.failed):,} missing. Run the same command to try again.")


def _how_to_continue(last: DownloadProgress, found: Found, to: Path) -> str:
    how = "run the same command to continue"
    if found.request_id is not None:
        how += f", with --request-id {found.request_id} instead of the selfie"
    return f"interrupted; {last.done + last.skipped:,} files are in {to}; {how}"
