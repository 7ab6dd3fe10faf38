"""Find all new photos of an event, with few requests while nothing changes."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final, Protocol

from ninepic_async._support.clock import Clock
from ninepic_async.errors import (
    APIConnectionError,
    DecodeError,
    FeatureDisabledError,
    InternalServerError,
    NinePicError,
    RateLimitError,
)
from ninepic_async.models import EventDetails, ImageItem, TimelineDay
from ninepic_async.pagination import Pager, page_again
from ninepic_async.watch.change import GalleryChange
from ninepic_async.watch.cursor import Cursor
from ninepic_async.watch.sketch import Sketch, key_of

log: Final = logging.getLogger("ninepic_async")

FULL_WALK_EVERY: Final = 60
"""All photos are listed after this many intervals, to find changes that leave the counts unchanged."""
_MAX_DOUBLINGS: Final = 4
"""How often an interval is doubled while the service throttles or fails."""
_MAX_PAUSE_S: Final = 60.0
_MAX_ODD_REPLIES: Final = 3
"""This many odd replies in a row raise an error. A few are normal: pages can contradict each other if photos
move during the listing."""
_TEMPORARY_ERRORS: Final = (APIConnectionError, InternalServerError, RateLimitError)


class Operations(Protocol):
    """The operations of an event that this module uses."""

    @property
    def event_id(self) -> int: ...
    async def details(self) -> EventDetails: ...
    def photos(self, *, page_size: int | None = None) -> Pager[ImageItem]: ...
    async def timeline_days(self) -> list[TimelineDay]: ...
    def timeline_photos(self, start: datetime, end: datetime, /) -> Pager[ImageItem]: ...


Hour = tuple[date, int]


class Watcher:
    """One watch over one event.

    Args:
        event: the event's operations.
        clock: the clock to wait with.
        every: seconds between two checks.
        cursor: the cursor of an earlier run, or None.
        from_start: without a cursor, whether to report the photos that exist already.
    """

    def __init__(
        self, event: Operations, clock: Clock, every: float, cursor: Cursor | None, *, from_start: bool
    ) -> None:
        self._event = event
        self._clock = clock
        self._every = every
        self._unread_cursor = cursor
        """The cursor of an earlier run, until the first listing has read it."""
        self._cursor = cursor or Cursor(event_id=event.event_id)
        self._is_silent = cursor is None and not from_start
        self._present: set[int] = set()
        """The keys of the photos in the cursor."""
        self._gone: set[int] = set()
        self._total = 0
        self._checked_total: int | None = None
        """The total at the last check that found all new photos."""
        self._hours: dict[Hour, int] | None = None
        self._has_timeline = True
        self._added: list[ImageItem] = []

    async def changes(self) -> AsyncGenerator[GalleryChange, None]:
        """Yield the changes, without end."""
        checks = failures = 0
        while True:
            failure: NinePicError | None = None
            try:
                full = checks % FULL_WALK_EVERY == 0
                steps = self._check(full=full) if checks else self._start()
                async with aclosing(steps):
                    async for _ in steps:
                        if self._added:
                            yield self._change()
                checks, failures = checks + 1, 0
            except NinePicError as error:
                failure = error
            if self._added:
                yield self._change()
            wait = self._every
            if failure is not None:
                failures += 1
                wait = self._wait_after(failure, failures)
            await self._clock.sleep(wait)

    def _wait_after(self, error: NinePicError, failures: int) -> float:
        """Return the seconds to wait after a temporary error. Raise any other error."""
        may_pass = isinstance(error, DecodeError) and failures < _MAX_ODD_REPLIES
        if not (may_pass or isinstance(error, _TEMPORARY_ERRORS)):
            raise error
        self._checked_total = None  # search again at the next check for photos that were missed
        asked = min(getattr(error, "retry_after", None) or 0.0, _MAX_PAUSE_S)
        wait = max(self._every * (1 << min(failures, _MAX_DOUBLINGS)), asked)
        log.warning("watch: %s; next check in %.1f s", type(error).__name__, wait)
        return wait

    def _change(self) -> GalleryChange:
        added, self._added = tuple(self._added), []
        return GalleryChange(added=added, total=self._total, cursor=self._cursor.to_text())

    async def _start(self) -> AsyncGenerator[None, None]:
        """List all photos, and report those that are new since the cursor."""
        self._has_timeline = (await self._event.details()).timeline_search
        if self._unread_cursor is not None:
            self._present = await self._read_cursor(self._unread_cursor)
            self._unread_cursor = None
        async for _ in self._list_all():
            yield
        self._is_silent = False
        if self._has_timeline:
            self._hours = await self._count_hours()

    async def _read_cursor(self, cursor: Cursor) -> set[int]:
        """List all photos once, and return the keys that the cursor contains."""
        keys: dict[int, None] = {}
        now = Sketch()
        prefix: Sketch | None = Sketch() if cursor.count == 0 else None
        async with aclosing(self._event.photos().pages()) as pages:
            async for page in pages:
                for key in map(_key, page.items):
                    if key not in keys:
                        keys[key] = None
                        now.add(key)
                        if len(keys) == cursor.count:
                            prefix = now.copy()
        known = set(keys)
        # If too much has changed for `now`, compare the first photos only: new ones are mostly at the end.
        for sketch, among in ((now, known), (prefix, set(islice(keys, cursor.count)))):
            change = None if sketch is None else sketch.since(cursor.sketch)
            if change is not None and change.added <= among:
                return (among - change.added) | change.removed
        log.warning("watch: too many changes since the cursor; photos may be reported again")
        self._cursor = Cursor(event_id=self._event.event_id)
        return set()

    def _remove(self, keys: set[int]) -> None:
        for key in keys:
            self._cursor.remove(key)
        self._present -= keys
        self._gone |= keys

    async def _list_all(self) -> AsyncGenerator[None, None]:
        """List all photos, and remove deleted ones from the cursor."""
        current: set[int] = set()
        async with aclosing(self._event.photos().pages()) as pages:
            async for page in pages:
                self._total = page.pagination.total
                for photo in page.items:
                    current.add(_key(photo))
                    self._add(photo)
                yield
        if len(current) >= self._total:  # if fewer, a photo moved during the listing and was missed
            self._remove(self._present - current)

    def _add(self, photo: ImageItem) -> bool:
        """Add a listed photo to the cursor, and report it if it is new. Return whether it was added."""
        key = _key(photo)
        if key in self._present:
            return False
        self._present.add(key)
        self._cursor.add(key)
        if key in self._gone:
            self._gone.discard(key)
        elif not self._is_silent:
            self._added.append(photo)
        return True

    async def _check(self, *, full: bool) -> AsyncGenerator[None, None]:
        """Check whether the event has changed, and find the new photos."""
        total = (await self._event.photos(page_size=1).first_page()).pagination.total
        self._total = total
        if not full and total in (self._checked_total, len(self._present)):
            self._checked_total = total
            return
        missing = total - len(self._present)
        if not full and missing > 0:
            if self._has_timeline:
                missing -= await self._read_changed_hours()
                yield
            if missing > 0:
                missing -= await self._read_from_the_end(total, missing)
                yield
        if full or missing != 0:
            async for _ in self._list_all():
                yield
        self._checked_total = total

    async def _count_hours(self) -> dict[Hour, int] | None:
        try:
            days = await self._event.timeline_days()
        except FeatureDisabledError:
            self._has_timeline = False
            return None
        return {(day.date, hour.hour): hour.count for day in days for hour in day.hours}

    async def _read_changed_hours(self) -> int:
        """Read the hours whose counts have changed. Return the number of new photos."""
        hours = await self._count_hours()
        if hours is None:
            return 0
        before = self._hours or {}
        found = 0
        for (day, hour), count in hours.items():
            if count == before.get((day, hour)):
                continue
            start = datetime.combine(day, time(hour), UTC)
            async with aclosing(
                self._event.timeline_photos(start, start + timedelta(hours=1)).pages()
            ) as pages:
                async for page in pages:
                    found += sum([self._add(photo) for photo in page.items])
        self._hours = hours
        return found

    async def _read_from_the_end(self, total: int, missing: int) -> int:
        """Read pages from the last one backwards until all missing photos are found. Return their number."""
        pager: Pager[Any] = self._event.photos()
        size = (await pager.first_page()).pagination.page_size
        found = 0
        for number in range(-(-total // max(size, 1)), 0, -1):
            page = await page_again(pager, number)
            found += sum([self._add(photo) for photo in page.items])
            if found >= missing:
                break
        return found


def _key(photo: ImageItem) -> int:
    return key_of(photo.image_id)


def watch(
    event: Operations, clock: Clock, since: str | None, every: float
) -> AsyncGenerator[GalleryChange, None]:
    """Create a watch; see `Event.watch`."""
    cursor = None if since in (None, "start") else Cursor.from_text(since, event.event_id)
    return Watcher(event, clock, every, cursor, from_start=since == "start").changes()
