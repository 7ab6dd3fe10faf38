"""``ninepic mirror``: fetch an event's photos, and keep fetching new ones."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import sys
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from attrs import define, field, frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import DownloadReport, Event, GalleryError, ImageItem, InvalidInputError, NinePic
from ninepic_async._support.daemon_thread import run_in_daemon_thread
from ninepic_async._support.defaults import WATCH_INTERVAL_S
from ninepic_async._support.text import count_text
from ninepic_async.cli.errors import FAILED, OK, Interrupted, UsageError
from ninepic_async.cli.fetch import FetchOptions, check_folder, fetch
from ninepic_async.cli.gallery import name_of
from ninepic_async.cli.options import (
    ACCOUNT,
    HOW,
    OUTPUT,
    Account,
    EventId,
    Flag,
    Output,
    Work,
    find_event,
    folder_path,
)
from ninepic_async.cli.profiles import replacing
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.selection import Found, Rendition
from ninepic_async.cli.terminal import print_error, print_failures, print_json, print_note
from ninepic_async.cli.times import span_option

if TYPE_CHECKING:
    from ninepic_async.watch.change import GalleryChange

_STATE_FILE: Final = ".ninepic-mirror.json"
_LARGEST_STATE: Final = 64 * 1024
_PAGE_PAUSE_FACTOR: Final = 10
"""The page is written again after 10 times the seconds that writing takes: at most a tenth of the time."""
_TO: Final = Parameter(
    converter=folder_path, allow_leading_hyphen=True, help="The folder; created if it does not exist."
)


@Parameter(name="*", group=HOW)
@frozen(kw_only=True)
class FollowOptions:
    """What to fetch, and for how long."""

    rendition: Rendition = "large"
    """The watermarked preview (large), the thumbnail, or the original."""

    every: Annotated[float, Parameter(validator=Number(gt=0))] = WATCH_INTERVAL_S
    """Seconds between two checks for new photos."""

    for_: Annotated[float | None, Parameter(name="--for", converter=span_option)] = None
    """Stop after this time, such as 2h, 90m or 1d. Default: until Ctrl-C."""

    gallery: Flag = False
    """Keep index.html in the folder up to date, a page that shows the photos."""

    title: str | None = None
    """The page's title. Default: the event's name."""


_FOLLOW = FollowOptions()


def mirror(
    event_id: EventId,
    /,
    *,
    to: Annotated[Path, _TO],
    follow: FollowOptions = _FOLLOW,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Fetch an event's photos, and keep fetching new ones. Run it again to continue."""
    if follow.title is not None and not follow.gallery:
        raise UsageError("--title is the title of the page: give --gallery too")
    check_folder(to)
    return _mirror(account.client(), event_id, to, follow, output)


async def _mirror(client: NinePic, event_id: str, to: Path, follow: FollowOptions, output: Output) -> int:
    async with client:
        event = await find_event(client, event_id)
        title = follow.title or (await name_of(event) if follow.gallery else None)
        copy = _Mirror(event, to, follow, output, title)
        await copy.run()
    return FAILED if copy.missing else OK


@define
class _Mirror:
    """Keeps one folder up to date with one event."""

    event: Event
    to: Path
    follow: FollowOptions
    output: Output
    title: str | None
    missing: dict[str, ImageItem] = field(init=False, factory=dict)
    """Photos that could not be fetched. Each check for new photos retries them."""
    _cursor: str | None = field(init=False, default=None)
    _files: int = field(init=False, default=0)
    _is_page_old: bool = field(init=False, default=False)
    _page_due: float = field(init=False, default=0.0)

    async def run(self) -> None:
        """Fetch new photos until the time is over.

        Raises:
            Interrupted: the user pressed Ctrl-C.
            NinePicError: the service answered with a permanent error.
        """
        until = None if self.follow.for_ is None else time.monotonic() + self.follow.for_
        cursor = await asyncio.to_thread(self._read_cursor)
        try:
            async with aclosing(self._changes(cursor)) as changes:
                await self._follow(changes, until)
        except (asyncio.CancelledError, Interrupted):
            # Only Ctrl-C cancels this task.
            raise Interrupted(
                f"stopped; the files are in {self.to}; run the same command to continue"
            ) from None
        await self._update_page(is_last=True)
        print_note(f"{count_text(self._files, 'file')} fetched into {self.to}.")
        if self.missing:
            print_error(f"{len(self.missing):,} missing. Run the same command to try again.")

    def _changes(self, cursor: str | None) -> AsyncGenerator[GalleryChange, None]:
        every = self.follow.every
        if cursor is not None:
            with contextlib.suppress(InvalidInputError):  # the cursor is damaged, or has another version
                return self.event.watch(since=cursor, every=every)
        return self.event.watch(since="start", every=every)

    async def _follow(self, changes: AsyncGenerator[GalleryChange, None], until: float | None) -> None:
        next_change = asyncio.ensure_future(anext(changes))
        try:
            while await self._wait_for(next_change, until):
                if next_change.done():
                    change = next_change.result()
                    self._cursor = change.cursor
                    await self._fetch([*self.missing.values(), *change.added], change.total)
                    next_change = asyncio.ensure_future(anext(changes))
                elif self.missing:
                    await self._fetch(list(self.missing.values()), None)
                await self._update_page()
        finally:
            next_change.cancel()
            await asyncio.gather(next_change, return_exceptions=True)

    async def _wait_for(self, next_change: asyncio.Future[GalleryChange], until: float | None) -> bool:
        """Wait for a change, or for one interval if work is left. Return False when the time is over."""
        has_work = self.missing or self._is_page_old
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return False
        bounds = [each for each in (left, self.follow.every if has_work else None) if each is not None]
        with waiting("Watching") if sys.stderr.isatty() else nullcontext():
            await asyncio.wait([next_change], timeout=min(bounds, default=None))
        return next_change.done() or until is None or time.monotonic() < until

    async def _fetch(self, photos: list[ImageItem], total: int | None) -> None:
        options = FetchOptions(rendition=self.follow.rendition)
        report = await fetch(self.event, Found(photos, len(photos)), self.to, options)
        print_failures((row.name, row.error) for row in report.failed if row.id not in self.missing)
        self.missing = _still_missing(report, photos)
        self._files += report.done
        self._is_page_old |= bool(report.done)
        self._report(report, total)
        if self._cursor is not None and not self.missing:
            # Keep the old cursor while photos are missing, so that a restart finds them again.
            await asyncio.to_thread(self._write_cursor, self._cursor)

    def _report(self, report: DownloadReport, total: int | None) -> None:
        if self.output.json:
            print_json({"total": total, **report.to_dict()})
            return
        in_all = "" if total is None else f", {count_text(total, 'photo')} in all"
        missing = f", {len(self.missing):,} missing" if self.missing else ""
        print_note(f"{time.strftime('%H:%M:%S')} {count_text(report.done, 'file')} fetched{in_all}{missing}.")

    async def _update_page(self, *, is_last: bool = False) -> None:
        if not (self.follow.gallery and self._is_page_old):
            return
        if not is_last and time.monotonic() < self._page_due:
            return
        from ninepic_async.gallery import write_gallery

        started = time.monotonic()
        work = functools.partial(write_gallery, self.to, title=self.title)
        try:
            await run_in_daemon_thread(work, name="ninepic mirror page")
        except GalleryError as error:
            print_error(str(error))
        self._is_page_old = False
        self._page_due = time.monotonic() + _PAGE_PAUSE_FACTOR * (time.monotonic() - started)

    def _read_cursor(self) -> str | None:
        with contextlib.suppress(OSError, ValueError), open(self.to / _STATE_FILE, encoding="utf-8") as file:
            state = json.loads(file.read(_LARGEST_STATE))
            if isinstance(state, dict) and state.get("copy") == self._name():
                cursor = state.get("cursor")
                return cursor if isinstance(cursor, str) else None
        return None

    def _write_cursor(self, cursor: str) -> None:
        with replacing(self.to / _STATE_FILE) as descriptor, open(descriptor, "w", encoding="utf-8") as file:
            json.dump({"copy": self._name(), "cursor": cursor}, file)

    def _name(self) -> list[object]:
        return [self.event.event_id, self.follow.rendition]


def _still_missing(report: DownloadReport, photos: Iterable[ImageItem]) -> dict[str, ImageItem]:
    failed = {row.id for row in report.failed}
    return {photo.image_id: photo for photo in photos if photo.image_id in failed}
