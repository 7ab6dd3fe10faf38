"""The handle for one event, with one short method for each operation."""

from __future__ import annotations

from ninepic_async._contract import endpoints
from ninepic_async.event.files import Files
from ninepic_async.event.motion import Motion
from ninepic_async.event.searches import Searches
from ninepic_async.models import EventDetails, Ping


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
