"""One walk through the whole client, and what it saw, freed of ports and request ids."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import uuid4

import attrs
import orjson
from attrs import define, field, frozen

from ninepic_async import Event, FaceSearch, NinePic, NinePicError
from ninepic_async.sandbox import Dialect, ManualClock, Sandbox

from .clients import PHOTOS, client_of

Tour = dict[str, Any]

FAR_AHEAD: Final = 4_000_000_000.0
"""Links signed then do not expire by the client's clock, so that it depends on how the host refuses them."""


@frozen
class Participants:
    bib: str
    selfie: bytes
    stranger: bytes


async def take_tour(dialect: Dialect, people: Participants) -> Tour:
    """Call everything once. A typed error is kept by its name; any other ends the tour."""
    clock = ManualClock(FAR_AHEAD)
    async with (
        Sandbox(photos=PHOTOS, dialect=dialect, clock=clock) as sb,
        client_of(sb) as client,
    ):
        tourist = _Tourist(sb, clock, client, client.event(sb.event_id), people)
        await tourist.walk()
        tourist.seen |= {
            "charges": [charge.endpoint for charge in sb.state.charges],
            "key_leaks": sb.state.key_leaks,
        }
        return tourist.report()


def empty_event_id(sb: Sandbox) -> int:
    """Give an event with all features and no photos: a selfie is matched, and charged, in no time."""
    return sb.events[8].event_id


@define(eq=False)
class _Tourist:
    sb: Sandbox
    clock: ManualClock
    client: NinePic
    event: Event
    people: Participants
    seen: Tour = field(factory=dict)
    request_ids: list[str] = field(factory=list)

    async def walk(self) -> None:
        await self._see_event()
        await self._see_searches()
        await self._see_nobody()
        await self._see_motion()
        await self._see_originals()

    def report(self) -> Tour:
        text = orjson.dumps(self.seen, default=_jsonable).decode()
        text = re.sub(r'\?[^"]*', "?signed", text.replace(self.sb.photos_url, "https://photos"))
        for request_id in self.request_ids:
            text = text.replace(request_id, "request-id")
        found: Tour = orjson.loads(text)
        return found

    async def _note(self, name: str, call: Callable[[], Awaitable[object]]) -> Any:
        try:
            self.seen[name] = found = await call()
        except NinePicError as error:
            self.seen[name] = type(error).__name__
            return None
        return found

    async def _see_event(self) -> None:
        midnight = datetime.fromtimestamp(self.sb.event.gallery.taken_at(0), UTC).replace(
            hour=0, minute=0, second=0
        )
        await self._note("events", self.client.events().collect)
        await self._note("ping", self.event.ping)
        await self._note("details", self.event.details)
        await self._note("photos", self.event.photos().collect)
        await self._note("days", self.event.timeline_days)
        await self._note(
            "first_day", self.event.timeline_photos(midnight, midnight + timedelta(days=1)).collect
        )
        await self._note("bib", self.event.bib_search(self.people.bib).collect)

    async def _see_searches(self) -> None:
        async def face() -> object:
            search = await self.event.face_search(self.people.selfie, page_size=10)
            self.request_ids.append(search.request_id)
            return [await search.collect(), search.total, search.confidence_percentage]

        await self._note("face", face)
        if not self.request_ids:
            self.request_ids.append(self._search_made_elsewhere())
        await self._note("face_results", self.event.face_results(self.request_ids[0]).collect)

    def _search_made_elsewhere(self) -> str:
        search = self.sb.state.add_search("elsewhere", self.sb.event, str(uuid4()), (self.people.bib,))
        return search.request_id

    async def _see_nobody(self) -> None:
        """Search, and Motion by selfie, where there is nothing to find."""
        event = self.client.event(empty_event_id(self.sb))
        clip_seconds, self.sb.state.clip_seconds = self.sb.state.clip_seconds, 0

        async def face() -> object:
            search: FaceSearch = await event.face_search(self.people.selfie)
            self.request_ids.append(search.request_id)
            return [*await search.collect(), *await event.bib_search("0").collect()]

        async def motion() -> object:
            job = await event.start_clips(selfie=self.people.selfie)
            self.request_ids.append(job.request_id)
            return [(await job.status()).state, (await job.wait(timeout=1)).clips]

        await self._note("nobody", face)
        await self._note("nobodys_clips", motion)
        self.sb.state.clip_seconds = clip_seconds

    async def _see_motion(self) -> None:
        job = await self._note("start_clips", lambda: self.event.start_clips(search=self.request_ids[0]))
        if job:
            self.seen["start_clips"] = job.request_id
        job = job or self.event.clip_job(self.request_ids[0])

        async def state() -> object:
            return (await job.status()).state

        async def clips() -> object:
            return (await job.wait(timeout=1)).clips

        await self._note("clips_queued", state)
        self.clock.advance(self.sb.clip_seconds / 2)
        await self._note("clips_processing", state)
        self.clock.advance(self.sb.clip_seconds)
        await self._note("clips_completed", state)
        await self._note("clips", clips)

    async def _see_originals(self) -> None:
        image_ids = [self.sb.event.gallery.photo(place).image_id for place in range(3)]
        originals = self.event.originals
        await self._note("originals_of_bib", originals(bib=self.people.bib).collect)
        await self._note("originals_of_selfie", originals(search=self.request_ids[0]).collect)
        await self._note("originals_of_ids", originals(image_ids=image_ids).collect)
        links = await self._note("original", originals(image_id=image_ids[0]).collect)

        async def late() -> object:
            self.clock.advance(self.sb.link_lifetime_s + 1)
            with TemporaryDirectory() as folder:
                report = await self.event.download(links, folder)
                report.raise_for_failures()
                return [name for name in os.listdir(folder) if name.endswith(".jpg")]

        if links:
            await self._note("expired_links", late)


def _jsonable(value: object) -> object:
    kind: type = type(value)
    if attrs.has(kind):
        return {field.name: getattr(value, field.name) for field in attrs.fields(kind)}
    raise TypeError(kind.__name__)
