"""Notice new photos: cheap while nothing happens, and complete."""

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
"""In intervals. Additions and removals can cancel out in every count; a full walk sees them."""
_MOST_DOUBLINGS: Final = 4
"""How often an interval is doubled while the service throttles or fails."""
_LONGEST_PAUSE_S: Final = 60.0
_MOST_ODD_REPLIES: Final = 3
"""In a row. Photos that change places while pages are read make the pages contradict each other."""
_PASSING: Final = (APIConnectionError, InternalServerError, RateLimitError)


class Operations(Protocol):
    """The operations of an event that are put together here."""

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
        event: its operations.
        clock: seconds and waits.
        every: seconds between two looks.
        cursor: what is known from an earlier run; None where nothing is.
        from_start: without a cursor, whether to give the photos that are there already.
    """

    def __init__(
        self, event: Operations, clock: Clock, every: float, cursor: Cursor | None, *, from_start: bool
    ) -> None:
        self._event = event
        self._clock = clock
        self._every = every
        self._earlier = cursor
        """The cursor of an earlier run, until its content is known."""
        self._cursor = cursor or Cursor(event_id=event.event_id)
        self._is_silent = cursor is None and not from_start
        self._present: set[int] = set()
        """What the cursor holds."""
        self._gone: set[int] = set()
        self._total = 0
        self._looked_at: int | None = None
        """The total at the last look that found all."""
        self._hours: dict[Hour, int] | None = None
        self._has_timeline = True
        self._added: list[ImageItem] = []

    async def changes(self) -> AsyncGenerator[GalleryChange, None]:
        """Yield the changes, for ever."""
        looks = failures = 0
        while True:
            failure: NinePicError | None = None
            try:
                full = looks % FULL_WALK_EVERY == 0
                steps = self._look(full=full) if looks else self._begin()
                async with aclosing(steps):
                    async for _ in steps:
                        if self._added:
                            yield self._change()
                looks, failures = looks + 1, 0
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
        """Return the seconds to wait after an error that will pass; raise any other."""
        may_pass = isinstance(error, DecodeError) and failures < _MOST_ODD_REPLIES
        if not (may_pass or isinstance(error, _PASSING)):
            raise error
        self._looked_at = None  # what was not seen this time is looked for next time
        asked = min(getattr(error, "retry_after", None) or 0.0, _LONGEST_PAUSE_S)
        wait = max(self._every * (1 << min(failures, _MOST_DOUBLINGS)), asked)
        log.warning("watch: %s; looking again in %.1f s", type(error).__name__, wait)
        return wait

    def _change(self) -> GalleryChange:
        added, self._added = tuple(self._added), []
        return GalleryChange(added=added, total=self._total, cursor=self._cursor.to_text())

    async def _begin(self) -> AsyncGenerator[None, None]:
        """Learn which photos there are, and give those that are new since the cursor."""
        self._has_timeline = (await self._event.details()).timeline_search
        if self._earlier is not None:
            self._present = await self._read_cursor(self._earlier)
            self._earlier = None
        async for _ in self._walk():
            yield
        self._is_silent = False
        if self._has_timeline:
            self._hours = await self._count_hours()

    async def _read_cursor(self, cursor: Cursor) -> set[int]:
        """Walk once for the ids alone, and return which keys the cursor holds."""
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
        # Where too much has changed, but most of it was added at the end, the beginning can still be read.
        for sketch, among in ((now, known), (prefix, set(islice(keys, cursor.count)))):
            change = None if sketch is None else sketch.since(cursor.sketch)
            if change is not None and change.added <= among:
                return (among - change.added) | change.removed
        log.warning("watch: more has changed since the cursor than it can tell; photos may come again")
        self._cursor = Cursor(event_id=self._event.event_id)
        return set()

    def _forget(self, keys: set[int]) -> None:
        for key in keys:
            self._cursor.remove(key)
        self._present -= keys
        self._gone |= keys

    async def _walk(self) -> AsyncGenerator[None, None]:
        """Walk through all photos, and forget those that are gone."""
        current: set[int] = set()
        async with aclosing(self._event.photos().pages()) as pages:
            async for page in pages:
                self._total = page.pagination.total
                for photo in page.items:
                    current.add(_key(photo))
                    self._see(photo)
                yield
        if len(current) >= self._total:  # otherwise a photo moved behind the walk, and only seems to be gone
            self._forget(self._present - current)

    def _see(self, photo: ImageItem) -> bool:
        """Take in a photo. Return whether it was not there before."""
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

    async def _look(self, *, full: bool) -> AsyncGenerator[None, None]:
        """Look whether something has come, and find it."""
        total = (await self._event.photos(page_size=1).first_page()).pagination.total
        self._total = total
        if not full and total in (self._looked_at, len(self._present)):
            self._looked_at = total
            return
        missing = total - len(self._present)
        if not full and missing > 0:
            if self._has_timeline:
                missing -= await self._look_at_hours()
                yield
            if missing > 0:
                missing -= await self._look_from_the_end(total, missing)
                yield
        if full or missing != 0:
            async for _ in self._walk():
                yield
        self._looked_at = total

    async def _count_hours(self) -> dict[Hour, int] | None:
        try:
            days = await self._event.timeline_days()
        except FeatureDisabledError:
            self._has_timeline = False
            return None
        return {(day.date, hour.hour): hour.count for day in days for hour in day.hours}

    async def _look_at_hours(self) -> int:
        """Read the hours whose counts have moved. Return how many photos were not there before."""
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
                    found += sum([self._see(photo) for photo in page.items])
        self._hours = hours
        return found

    async def _look_from_the_end(self, total: int, missing: int) -> int:
        """Read pages from the last one backwards until what is missing was found. Return how much that is."""
        pager: Pager[Any] = self._event.photos()
        size = (await pager.first_page()).pagination.page_size
        found = 0
        for number in range(-(-total // max(size, 1)), 0, -1):
            page = await page_again(pager, number)
            found += sum([self._see(photo) for photo in page.items])
            if found >= missing:
                break
        return found


def _key(photo: ImageItem) -> int:
    return key_of(photo.image_id)


def watch(
    event: Operations, clock: Clock, since: str | None, every: float
) -> AsyncGenerator[GalleryChange, None]:
    """Start a watch; see `Event.watch`."""
    cursor = None if since in (None, "start") else Cursor.from_text(since, event.event_id)
    return Watcher(event, clock, every, cursor, from_start=since == "start").changes()
