"""Many visitors at once, and faults drawn from a fixed seed: nothing is lost, doubled or charged twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path
from random import Random
from typing import Final

from attrs import define, field, frozen

from ninepic_async import (
    APIConnectionError,
    APIStatusError,
    DecodeError,
    Event,
    ImageItem,
    NinePic,
    NinePicError,
    Pager,
)
from ninepic_async.download.run import download
from ninepic_async.download.settings import Settings
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .clients import PHOTOS, alone, client_of
from .columns import ANY_PICTURE, IN_ITS_YEARS, files_in
from .tour import Participants, empty_event_id

SEED: Final = 20_260_119
VISITORS: Final = 40
FAULTS: Final = 160
BOUND_S: Final = 40.0
OPERATIONS: Final = 11
"""Of one visitor."""

HOWS: Final[tuple[FaultFields, ...]] = (
    {"status": 500, "body": {"responseType": "error", "message": "Internal", "data": None}},
    {"status": 502, "body": "<html>Bad Gateway</html>"},
    {"status": 503, "after_work": True},
    {"status": 429, "body": {"message": "Too Many Requests"}, "headers": {"Retry-After": "0.02"}},
    {"status": 403, "body": {"message": "Forbidden"}},
    {"status": 200, "body": ""},
    {"reset": True},
    {"reset": True, "after_work": True},
    {"reset": True, "after_bytes": 0},
    {"reset": True, "after_bytes": 40},
    {"stall": True, "after_bytes": 10},
    {"lose_reply": True},
    {"truncate_after": 25},
    {"delay_s": 0.02},
    {"delay_s": 0.02, "after_work": True},
    {"extra_bytes": 1000},
)
ENDPOINTS: Final = (
    "events", "ping", "details", "photos", "bib_search", "face_search", "face_results", "timeline_days",
    "timeline_photos", "start_clips", "clip_status", "originals", "original",
)  # fmt: skip


@define(eq=False)
class Ledger:
    """What became of all that was asked."""

    outcomes: Counter[str] = field(factory=Counter)
    charged: set[str] = field(factory=set)
    """Searches whose visitor was told of success."""
    unsure: set[str] = field(factory=set)
    """Searches whose visitor was told of a failure, by the id on the error."""

    async def keep(self, call: Awaitable[object], expected: object = None) -> None:
        try:
            found = await call
        except NinePicError as error:
            self.outcomes[type(error).__name__] += 1
            return
        assert expected in (None, found)
        self.outcomes["survived"] += 1

    async def keep_search(self, search: Awaitable[str]) -> str:
        try:
            request_id = await search
        except (APIStatusError, APIConnectionError, DecodeError) as error:
            self.unsure.add(error.request_id or "")
            raise
        self.charged.add(request_id)
        return request_id


@frozen
class Visitor:
    """One person at the photo wall, who wants everything."""

    number: int
    client: NinePic
    sb: Sandbox
    ledger: Ledger
    people: Participants
    room: Path

    async def visit(self) -> None:
        keep, event, sb = self.ledger.keep, self.client.event(self.sb.event_id), self.sb
        bib = sb.bibs[self.number % len(sb.bibs)]
        photos = [sb.event.gallery.photo(place).image_id for place in sb.event.gallery.of_bib(bib)]
        everything = [sb.event.gallery.photo(place).image_id for place in range(PHOTOS)]
        await keep(event.ping())
        await keep(event.details())
        await keep(self._ids(event.bib_search(bib, page_size=5)), photos)
        await keep(self._selfie(event))
        await keep(self._ids(event.photos(page_size=40)), everything)
        await keep(self._motion())
        await keep(event.timeline_days())
        await keep(self._originals(event, bib), [f"{image_id}.jpg" for image_id in photos])
        await keep(self._download(event, everything[:2]), 2)
        await keep(self._ids(event.timeline_photos(*IN_ITS_YEARS)), everything[: sb.event.gallery.timed])
        await keep(self.client.events().collect())

    async def _ids(self, pager: Pager[ImageItem]) -> object:
        return [photo.image_id async for photo in pager]

    async def _selfie(self, event: Event) -> None:
        """A few look for themselves among all, which takes a while; the others where nobody is."""
        looks = self.number % 10 == 0
        picture = (self.people.selfie if looks else ANY_PICTURE) + b"%d" % self.number
        place = event if looks else self.client.event(empty_event_id(self.sb))

        async def search() -> str:
            found = await place.face_search(picture, page_size=6)
            photos = self.sb.event.gallery.of_bib(self.people.bib) if looks else ()
            self.ledger.charged.add(found.request_id)
            assert found.total == len(photos)
            assert len(await found.collect()) == len(photos)
            return found.request_id

        await self.ledger.keep_search(search())

    async def _motion(self) -> None:
        event = self.client.event(empty_event_id(self.sb))

        async def start() -> str:
            return (await event.start_clips(selfie=ANY_PICTURE + b"%d" % self.number)).request_id

        request_id = await self.ledger.keep_search(start())
        assert (await event.clip_job(request_id).wait(timeout=5)).clips == ()

    async def _originals(self, event: Event, bib: str) -> object:
        return [link.filename for link in await event.originals(bib=bib, page_size=7).collect()]

    async def _download(self, event: Event, ids: list[str]) -> object:
        links = await event.originals(image_ids=ids).collect()
        folder = self.room / str(self.number)
        report = await download(event._engine, event._sign, links, folder, "large", Settings(stall_s=0.3))
        report.raise_for_failures()
        return len(files_in(folder))


def draw_faults(sb: Sandbox) -> None:
    dice = Random(SEED)
    for _ in range(FAULTS):
        how, endpoint, times = dice.choice(HOWS), dice.choice(ENDPOINTS), dice.randint(1, 3)
        if endpoint == "original" and "extra_bytes" in how:
            continue  # nobody can tell that a file has more bytes than it should, if so many are announced
        fault: FaultFields = {"endpoint": endpoint, "times": times}
        fault.update(how)
        sb.faults.add(**fault)


async def test_forty_visitors_at_once_while_all_sorts_of_things_go_wrong(
    people: Participants, tmp_path: Path
) -> None:
    ledger = Ledger()
    async with Sandbox(photos=PHOTOS, clip_seconds=0) as sb:
        draw_faults(sb)
        async with client_of(sb, timeout=2, attempts=4) as client, asyncio.timeout(BOUND_S):
            visitors = [Visitor(n, client, sb, ledger, people, tmp_path) for n in range(VISITORS)]
            await asyncio.gather(*(visitor.visit() for visitor in visitors))
            sb.faults.clear()
            await check_searches(sb, client, ledger)
        await alone()

    assert sum(ledger.outcomes.values()) == OPERATIONS * VISITORS
    assert ledger.outcomes["survived"] > OPERATIONS * VISITORS / 2
    assert len(ledger.outcomes) > 3, "the faults were too kind"
    wholes = {name: digest for n in range(VISITORS) for name, digest in files_in(tmp_path / str(n)).items()}
    for n in range(VISITORS):
        assert files_in(tmp_path / str(n)).items() <= wholes.items()
    assert len(wholes) == 2
    sb.assert_nothing_uploaded_twice()
    sb.assert_no_key_leaked()


async def check_searches(sb: Sandbox, client: NinePic, ledger: Ledger) -> None:
    """Who was told of success was charged once; who was told of a failure, once or not at all."""
    charged = [charge.request_id for charge in sb.state.charges]
    assert len(charged) == len(set(charged))
    assert ledger.charged <= set(charged)
    assert set(charged) <= ledger.charged | ledger.unsure
    for charge in sb.state.charges:
        if charge.endpoint == "face_search":
            found = client.event(charge.event_id).face_results(charge.request_id)
            assert len(await found.collect()) in (0, len(sb.event.gallery.of_bib(sb.bibs[0])))
