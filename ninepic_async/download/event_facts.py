"""Fetch the event's name and the hours of its photos, to store them in the journal."""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from datetime import UTC, datetime, time
from itertools import accumulate
from typing import Any, Final

from attrs import define, evolve, field

from ninepic_async._contract.endpoints import Details, TimelineDays, TimelinePhotos
from ninepic_async.download.journal import EventNote, Listed
from ninepic_async.errors import NinePicError
from ninepic_async.models import TimelineDay
from ninepic_async.pagination import FaceSearch, Pager, pager_of, run_with_client_of

log: Final = logging.getLogger("ninepic_async")

_WITHIN_S: Final = 5.0
"""After this, a download continues without the facts."""
_HOUR_S: Final = 3600


@define(eq=False)
class EventFacts:
    """Facts about the event of a list of photos: its name, and the hours of the photos.

    Previews have no capture time in the file. But the list is ordered by capture time, and the timeline
    counts the photos of each hour, so the hour of a photo follows from its position in the list.
    """

    _pager: Pager[Any] | None
    _ends: list[int] = field(init=False, factory=list)
    """For each hour, the number of photos in the list that were taken before its end."""
    _hours: list[str] = field(init=False, factory=list)

    async def load(self) -> EventNote | None:
        """Fetch the facts. Return the journal's note about the event; None if there is none."""
        if self._pager is None or not self._pager._listing.event_id:
            return None
        try:
            async with asyncio.timeout(_WITHIN_S):
                return await self._fetch(self._pager)
        except (NinePicError, TimeoutError) as error:
            log.debug("download: the event's name and hours are not known: %s", error)
            return None

    async def _fetch(self, pager: Pager[Any]) -> EventNote | None:
        event_id = pager._listing.event_id or 0
        details = await run_with_client_of(pager, Details(event_id=event_id))
        if details.timeline_search and _starts_with_an_hour(pager):
            self._count_hours(await run_with_client_of(pager, TimelineDays(event_id=event_id)), pager)
        return EventNote(event_id=event_id, event_name=details.event_name) if details.event_name else None

    def _count_hours(self, days: list[TimelineDay], pager: Pager[Any]) -> None:
        first = getattr(pager._listing, "start_s", 0)
        hours = [
            (datetime.combine(day.date, time(hour.hour % 24), UTC), hour.count)
            for day in days
            for hour in day.hours
        ]
        hours = [(moment, count) for moment, count in hours if moment.timestamp() >= first]
        self._hours = [f"{moment:%Y-%m-%dT%H}" for moment, _ in hours]
        self._ends = list(accumulate(count for _, count in hours))

    def complete(self, listed: Listed | None) -> Listed | None:
        """Add the hour to a photo's position in the list."""
        if listed is None or not self._ends:
            return listed
        at = bisect_right(self._ends, listed.place)
        return listed if at == len(self._hours) else evolve(listed, hour=self._hours[at])


def facts_of(source: object) -> EventFacts:
    """Return the facts of a source. They stay empty if it is not a list of the service."""
    pager = pager_of(source) if isinstance(source, FaceSearch) else source
    return EventFacts(pager if isinstance(pager, Pager) else None)


def _starts_with_an_hour(pager: Pager[Any]) -> bool:
    """Return whether a list has all photos from the beginning of an hour."""
    listing = pager._listing
    if isinstance(listing, TimelinePhotos):
        return listing.start_s % _HOUR_S == 0
    return listing.name == "photos"
