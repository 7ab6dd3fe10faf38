"""``ninepic events``, ``photos``, ``bib`` and ``face``: lists, written page by page."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Final, TypeVar

from attrs import AttrsInstance
from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import Event, ImageItem, NinePic, Page
from ninepic_async.cli.errors import UsageError
from ninepic_async.cli.options import ACCOUNT, OUTPUT, Account, EventId, Output, RequestId, SelfieFile, Work
from ninepic_async.cli.progress import counting
from ninepic_async.cli.selection import search_face
from ninepic_async.cli.tables import EVENTS, PHOTOS, Column, row_writer
from ninepic_async.cli.terminal import Noun, print_note

T = TypeVar("T", bound=AttrsInstance)

Limit = Annotated[int | None, Parameter(validator=Number(gte=1), help="Stop after this many.")]
_BIB_HELP: Final = "As printed, upper or lower case. If it starts with a dash, write -- before it."
_LARGEST_PAGE: Final = 100


def events(*, limit: Limit = None, account: Account = ACCOUNT, output: Output = OUTPUT) -> Work:
    """List the organisation's events."""
    return _events(account.client(), limit, output)


async def _events(client: NinePic, limit: int | None, output: Output) -> None:
    async with client:
        pages = client.events(page_size=_page_size(limit)).pages()
        await write_list(pages, EVENTS, Noun("event"), output, limit)


def photos(
    event_id: EventId, /, *, limit: Limit = None, account: Account = ACCOUNT, output: Output = OUTPUT
) -> Work:
    """List all photos of an event by capture time; those without one come last."""
    return _photos(account.client(), event_id, limit, output)


async def _photos(client: NinePic, event_id: str, limit: int | None, output: Output) -> None:
    async with client:
        pages = client.event(event_id).photos(page_size=_page_size(limit)).pages()
        await write_list(pages, PHOTOS, Noun("photo"), output, limit)


def bib(
    event_id: EventId,
    number: Annotated[str, Parameter(name="BIB", help=_BIB_HELP)],
    /,
    *,
    limit: Limit = None,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Find a participant's photos by BIB number (BibTrack)."""
    return _bib(account.client(), event_id, number, limit, output)


async def _bib(client: NinePic, event_id: str, number: str, limit: int | None, output: Output) -> None:
    async with client:
        pages = client.event(event_id).bib_search(number, page_size=_page_size(limit)).pages()
        await write_list(pages, PHOTOS, Noun("photo", f"of BIB {number}"), output, limit)


def face(
    event_id: EventId,
    selfie: SelfieFile = None,
    /,
    *,
    request_id: RequestId = None,
    limit: Limit = None,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Find a person's photos by selfie (FaceFind). Each new search is charged; its request_id is printed."""
    if (selfie is None) == (request_id is None):
        raise UsageError("give a selfie, or --request-id of an earlier search")
    return _face(account.client(), event_id, selfie or str(request_id), limit, output)


async def _face(client: NinePic, event_id: str, whom: Path | str, limit: int | None, output: Output) -> None:
    async with client:
        pages = await _found(client.event(event_id), whom, limit)
        await write_list(pages, PHOTOS, Noun("photo", "of this face"), output, limit)


async def _found(event: Event, whom: Path | str, limit: int | None) -> AsyncGenerator[Page[ImageItem], None]:
    if isinstance(whom, Path):
        return (await search_face(event, whom)).pages()
    return event.face_results(whom, page_size=_page_size(limit)).pages()


async def write_list(
    pages: AsyncGenerator[Page[T], None],
    columns: Sequence[Column[T]],
    noun: Noun,
    output: Output,
    limit: int | None = None,
) -> None:
    """Write items page by page, so that a long list takes no more memory than a short one."""
    write = row_writer(columns, json=output.json)
    written = 0
    with counting("Reading") as bar:
        async with aclosing(pages):
            async for page in pages:
                if sys.stdout.isatty():
                    bar.end()  # the rows on the same screen show the progress
                items = page.items if limit is None else page.items[: limit - written]
                write(items)
                written += len(items)
                bar.update("", written, page.pagination.total if limit is None else limit)
                if written == limit:
                    break
    print_note(f"{noun.count(written)}.")


def _page_size(limit: int | None) -> int | None:
    """Return the page size for a limit smaller than a page, else None."""
    return limit if limit is not None and limit < _LARGEST_PAGE else None
