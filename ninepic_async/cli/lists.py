"""``ninepic events``, ``photos``, ``bib`` and ``face``: lists, written page by page."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar

from attrs import evolve
from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import Event, EventListItem, ImageItem, NinePic, Page
from ninepic_async._records import JSONReady
from ninepic_async.cli.options import (
    ACCOUNT,
    ROWS,
    Account,
    EventId,
    RequestId,
    RowOutput,
    SelfieFile,
    Work,
    find_event,
)
from ninepic_async.cli.progress import counting
from ninepic_async.cli.selection import check_selfie_or_request_id, read_selfie, search_face
from ninepic_async.cli.tables import EVENTS, PHOTOS, Column, row_writer
from ninepic_async.cli.terminal import Noun, print_note
from ninepic_async.cli.times import time_option

T = TypeVar("T", bound=JSONReady)

Limit = Annotated[int | None, Parameter(validator=Number(gte=1), help="Stop after this many.")]
_BIB_HELP: Final = "As printed, upper or lower case. If it starts with a dash, write -- before it."
_SEARCH_HELP: Final = "Only events with this text in their name, slug or number, in any case."
_SINCE_HELP: Final = "Only events on or after this date: 2026-01-19, today, 30 days ago."
_LARGEST_PAGE: Final = 100


def events(
    *,
    search: Annotated[str | None, Parameter(help=_SEARCH_HELP)] = None,
    since: Annotated[datetime | None, Parameter(converter=time_option, help=_SINCE_HELP)] = None,
    limit: Limit = None,
    account: Account = ACCOUNT,
    output: RowOutput = ROWS,
) -> Work:
    """List the organisation's events."""
    return _events(account.client(), _event_filter(search, since), limit, output)


async def _events(
    client: NinePic, keep: Callable[[EventListItem], bool] | None, limit: int | None, output: RowOutput
) -> None:
    async with client:
        pages = client.events(page_size=_page_size(limit) if keep is None else None).pages()
        listed = pages if keep is None else _kept(pages, keep)
        await write_list(listed, EVENTS, Noun("event"), output, limit)


def _event_filter(search: str | None, since: datetime | None) -> Callable[[EventListItem], bool] | None:
    if search is None and since is None:
        return None
    words = (search or "").casefold().split()
    # An event's date has no time zone. It is compared as UTC.
    first = None if since is None else since.astimezone(UTC).replace(tzinfo=None)

    def keep(event: EventListItem) -> bool:
        text = f"{event.event_id} {event.event_slug} {event.event_name}".casefold()
        is_late = first is None or (
            event.event_date is not None and event.event_date.replace(tzinfo=None) >= first
        )
        return is_late and all(word in text for word in words)

    return keep


async def _kept(
    pages: AsyncGenerator[Page[T], None], keep: Callable[[T], bool]
) -> AsyncGenerator[Page[T], None]:
    async with aclosing(pages):
        async for page in pages:
            yield evolve(page, items=filter(keep, page.items))


def photos(
    event_id: EventId, /, *, limit: Limit = None, account: Account = ACCOUNT, output: RowOutput = ROWS
) -> Work:
    """List all photos of an event by capture time. Photos without a time come last."""
    return _photos(account.client(), event_id, limit, output)


async def _photos(client: NinePic, event_id: str, limit: int | None, output: RowOutput) -> None:
    async with client:
        event = await find_event(client, event_id)
        pages = event.photos(page_size=_page_size(limit)).pages()
        await write_list(pages, PHOTOS, Noun("photo"), output, limit)


def bib(
    event_id: EventId,
    number: Annotated[str, Parameter(name="BIB", help=_BIB_HELP)],
    /,
    *,
    limit: Limit = None,
    account: Account = ACCOUNT,
    output: RowOutput = ROWS,
) -> Work:
    """Find a participant's photos by BIB number (BibTrack)."""
    return _bib(account.client(), event_id, number, limit, output)


async def _bib(client: NinePic, event_id: str, number: str, limit: int | None, output: RowOutput) -> None:
    async with client:
        event = await find_event(client, event_id)
        pages = event.bib_search(number, page_size=_page_size(limit)).pages()
        await write_list(pages, PHOTOS, Noun("photo", f"of BIB {number}"), output, limit)


def face(
    event_id: EventId,
    selfie: SelfieFile = None,
    /,
    *,
    request_id: RequestId = None,
    limit: Limit = None,
    account: Account = ACCOUNT,
    output: RowOutput = ROWS,
) -> Work:
    """Find a person's photos by selfie (FaceFind). Each new search is charged; its request_id is printed."""
    check_selfie_or_request_id(selfie, request_id)
    client = account.client()
    selfie_or_id = str(request_id) if selfie is None else read_selfie(selfie)
    return _face(client, event_id, selfie_or_id, limit, output)


async def _face(
    client: NinePic, event_id: str, selfie_or_id: Path | bytes | str, limit: int | None, output: RowOutput
) -> None:
    async with client:
        pages = await _found(await find_event(client, event_id), selfie_or_id, limit)
        await write_list(pages, PHOTOS, Noun("photo", "of this face"), output, limit)


async def _found(
    event: Event, selfie_or_id: Path | bytes | str, limit: int | None
) -> AsyncGenerator[Page[ImageItem], None]:
    if isinstance(selfie_or_id, str):
        return event.face_results(selfie_or_id, page_size=_page_size(limit)).pages()
    return (await search_face(event, selfie_or_id)).pages()


async def write_list(
    pages: AsyncGenerator[Page[T], None],
    columns: Sequence[Column[T]],
    noun: Noun,
    output: RowOutput,
    limit: int | None = None,
) -> None:
    """Write items page by page, so that a long list needs no more memory than a short one."""
    writer = row_writer(columns, output.form)
    written = 0
    with counting("Reading") as bar:
        async with aclosing(pages):
            async for page in pages:
                if sys.stdout.isatty():
                    bar.end()  # the rows on the same screen show the progress
                items = page.items if limit is None else page.items[: limit - written]
                writer.write(items)
                written += len(items)
                bar.update("", written, page.pagination.total if limit is None else limit)
                if written == limit:
                    break
    print_note(f"{noun.count(written)}.")


def _page_size(limit: int | None) -> int | None:
    """Return the page size for a limit that is smaller than a page; otherwise None."""
    return limit if limit is not None and limit < _LARGEST_PAGE else None
