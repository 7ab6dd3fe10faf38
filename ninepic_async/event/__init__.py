"""The handle for one event, with one short method for each operation."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from ninepic_async._contract import endpoints
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.defaults import WATCH_INTERVAL_S
from ninepic_async.event.files import Files
from ninepic_async.event.motion import Motion
from ninepic_async.event.searches import Searches
from ninepic_async.models import EventDetails, Ping

if TYPE_CHECKING:
    from ninepic_async.watch.watcher import GalleryChange


class Event(Searches, Motion, Files):
    """One event: its photos, searches, clips and originals. `NinePic.event` returns it."""

    async def ping(self) -> Ping:
        """Check the key, host, organisation and event in one request. The safest first call.

        Raises:
            AuthenticationError: the key is missing.
            PermissionDeniedError: the key, host, organisation or event is refused.
            NinePicError: any other failure.

        Example:
            >>> (await event.ping()).status
            'ok'

        Reference: docs.9pic.ai, External API, Ping.
        """
        return await self._engine.run(endpoints.Ping(event_id=self._event_id))

    async def details(self) -> EventDetails:
        """Fetch the event's name, date and feature flags.

        Raises:
            NinePicError: any failure.

        Example:
            >>> (await event.details()).bib_search
            True

        Reference: docs.9pic.ai, External API, Event Details.
        """
        return await self._engine.run(endpoints.Details(event_id=self._event_id))

    def watch(
        self, *, since: str | None = None, every: float = WATCH_INTERVAL_S
    ) -> AsyncGenerator[GalleryChange, None]:
        """Wait for new photos, and yield them as they come. It ends when you leave the loop.

        While nothing happens it sends one small request an interval. Each photo comes once. After a restart
        with a stored cursor it still comes once, for up to about 100 changes while away, or any number that
        were added at the end; beyond that some photos come again. None is missed.

        Args:
            since: the ``.cursor`` of the last `GalleryChange` that you dealt with; None starts from now, and
                ``"start"`` gives the photos that are there first, a page at a time.
            every: seconds between two looks, any positive number. Throttling and outages lengthen it.

        Raises:
            InvalidInputError: ``since`` is not a cursor of this event, or ``every`` is not positive.
            NinePicError: while iterating: an error that will not pass by itself, such as a refused key.

        Example:
            >>> async for change in event.watch(since="start"):
            ...     print(change.total, [photo.image_id for photo in change.added])
            ...     break

        Reference: docs.9pic.ai, External API, All Photos and Photo Timeline.
        """
        from ninepic_async.watch.watcher import watch

        return watch(self, self._engine.clock, since, _arguments.seconds(every, "every"))
