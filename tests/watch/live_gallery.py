"""An event whose photos come and go while it is watched, behind a canned transport and a clock that jumps."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import define, field

from ninepic_async import Event
from ninepic_async._contract.messages import Reply, Request, SendError
from tests.canned import FakeClock, details, failed, images, ok, pagination, rig

START = 1_768_800_000


@define
class LiveGallery:
    """Photos by id, with their capture times; None for photos without one."""

    photos: dict[str, int | None] = field(factory=dict)
    timeline: bool = True
    requests: Counter[str] = field(factory=Counter)
    failures: list[Reply | SendError] = field(factory=list)
    """Answers that replace the next ones."""
    clock: FakeClock = field(factory=FakeClock)
    hours: list[int] = field(factory=list)
    """The beginnings of the hours whose photos were requested."""
    before_answer: Callable[[], None] | None = None

    def add(self, *ids: str, at: int | None = START) -> None:
        for number, identity in enumerate(ids):
            self.photos[identity] = None if at is None else at + number

    def move(self, identity: str, at: int | None) -> None:
        """Give a photo another capture time, and so another place in the list."""
        assert identity in self.photos
        self.photos[identity] = at

    def remove(self, *ids: str) -> None:
        for identity in ids:
            del self.photos[identity]

    def event(self) -> Event:
        return rig(self.answer, clock=self.clock, timeout_s=10_000).event

    def answer(self, request: Request) -> Reply | SendError:
        what = request.path.partition("/event/456/")[2]
        self.requests[what] += 1
        if self.before_answer is not None:
            self.before_answer()
        if self.failures:
            return self.failures.pop(0)
        if what == "details":
            return ok(details(timeline_search=self.timeline))
        if what == "images":
            return self._page(request, self._in_order())
        if what.startswith("timeline") and not self.timeline:
            return failed(403, "not allowed")
        if what == "timeline/days":
            return ok({"days": self._days()})
        if what == "timeline/images":
            start, end = int(request.query["from"]), int(request.query["to"])
            self.hours.append(start)
            return self._page(request, [each for each in self._in_order() if self._is_in(each, start, end)])
        return failed(404)

    def _in_order(self) -> list[str]:
        return sorted(self.photos, key=lambda each: (self.photos[each] is None, self.photos[each] or 0, each))

    def _is_in(self, identity: str, start: int, end: int) -> bool:
        at = self.photos[identity]
        return at is not None and start <= at < end

    def _page(self, request: Request, ids: list[str]) -> Reply:
        page, size = int(request.query["page"]), int(request.query["page_size"])
        return ok(images(ids[(page - 1) * size : page * size], pagination(len(ids), page, size)))

    def _days(self) -> list[dict[str, object]]:
        counts: dict[str, Counter[int]] = {}
        for at in self.photos.values():
            if at is not None:
                moment = datetime.fromtimestamp(at, UTC)
                counts.setdefault(moment.date().isoformat(), Counter())[moment.hour] += 1
        return [
            {
                "date": day,
                "total": hours.total(),
                "hours": [{"hour": hour, "count": count} for hour, count in sorted(hours.items())],
            }
            for day, hours in sorted(counts.items())
        ]


async def turns(count: int = 200) -> None:
    """Let other tasks go on."""
    for _ in range(count):
        await asyncio.sleep(0)
