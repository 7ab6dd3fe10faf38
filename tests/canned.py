"""A transport that answers from a script, a clock that never waits, and an engine made of the two."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from attrs import define, frozen

from ninepic_async import Event, RateLimit, RetryPolicy
from ninepic_async._contract.messages import Reply, Request, Scope, SendError
from ninepic_async._core.engine import Engine
from ninepic_async._core.throttle import Throttle
from ninepic_async._support.secret import Secret

ORG_ID = 903
EVENT_ID = 456
KEY = "9pic-key-MzQ1Njc4"
BASE = f"/api/v1/ext/{ORG_ID}/event/{EVENT_ID}"

Answer = Reply | SendError
Script = Iterable[Answer] | Callable[[Request], Answer | Awaitable[Answer]]


class FakeClock:
    """Sleeping is instant, and remembered."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)
        self.now += max(seconds, 1e-9)
        await asyncio.sleep(0)


class Canned:
    """Answers each request with the next of a list, or with what a callable makes of it."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self.under_way = 0
        self.most_under_way = 0
        if callable(script):
            self._answer = script
        else:
            left = list(script)
            self._answer = lambda request: left.pop(0) if left else _nothing_left(request)

    async def send(self, request: Request) -> Reply:
        self.requests.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            answer = self._answer(request)
            if isinstance(answer, Awaitable):
                answer = await answer
        finally:
            self.under_way -= 1
        if isinstance(answer, SendError):
            raise answer
        return answer

    async def aclose(self) -> None:
        return None


def _nothing_left(request: Request) -> Answer:
    raise AssertionError(f"a request that the script has no answer for: {request.method} {request.path}")


@frozen
class Rig:
    engine: Engine
    transport: Canned
    clock: FakeClock
    event: Event

    @property
    def requests(self) -> list[Request]:
        return self.transport.requests


@define
class Chance:
    value: float = 1.0

    def __call__(self) -> float:
        return self.value


def rig(
    script: Script,
    *,
    retry: RetryPolicy | None = None,
    timeout_s: float = 60.0,
    max_concurrency: int = 32,
    rate_limit: RateLimit | None = None,
    chance: float = 1.0,
    key: str = KEY,
    clock: FakeClock | None = None,
) -> Rig:
    clock = FakeClock() if clock is None else clock
    transport = Canned(script)
    engine = Engine(
        transport=transport,
        throttle=Throttle(max_concurrency, rate_limit, clock),
        scope=Scope(ORG_ID),
        secret=Secret(key),
        retry=RetryPolicy() if retry is None else retry,
        timeout_s=timeout_s,
        clock=clock,
        chance=Chance(chance),
    )
    return Rig(engine, transport, clock, Event(engine, EVENT_ID))


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": "application/json", **named}, raw)


def ok(data: Mapping[str, Any], **headers: str) -> Reply:
    return reply({"responseType": "success", "message": "fine", "data": data}, 200, **headers)


def flat(data: Mapping[str, Any]) -> Reply:
    return reply(data)


def failed(status: int, message: str = "no", **headers: str) -> Reply:
    return reply({"responseType": "error", "message": message, "data": None}, status, **headers)


PING = {"status": "ok", "org_id": ORG_ID, "event_id": EVENT_ID}


def details(**flags: bool) -> dict[str, Any]:
    on = dict.fromkeys(
        (
            "event_enabled",
            "bib_search",
            "selfie_search",
            "name_search",
            "video_search",
            "video_selfie_search",
            "timeline_search",
        ),
        True,
    )
    return {"event_id": EVENT_ID, "event_name": "Mumbai Marathon 2026", **on, **flags}


def image(number: int | str, **changes: Any) -> dict[str, Any]:
    return {
        "image_id": f"photo-{number}",
        "img_url": f"https://photos.9pic.ai/imgs/456/large/{number}.jpg",
        "thumbnail_url": f"https://photos.9pic.ai/imgs/456/small/{number}.jpg",
        "height": 4860,
        "width": 3240,
        "original_url": None,
        **changes,
    }


def pagination(
    total: int, page: int = 1, size: int = 100, *, more: bool | None = None, pages: int | None = None
) -> dict[str, Any]:
    last = -(-total // size) if pages is None else pages
    return {
        "total": total,
        "currentPage": page,
        "totalPages": last,
        "hasNextPage": page * size < total if more is None else more,
        "hasPreviousPage": page > 1,
        "page_size": size,
    }


def images(numbers: Iterable[int | str], pages: Mapping[str, Any]) -> dict[str, Any]:
    return {"images": [image(number) for number in numbers], "pagination": dict(pages)}


def gallery(total: int, request: Request) -> Reply:
    """Answer a paged call from a list of so many photos that stands still."""
    page, size = int(request.query["page"]), int(request.query["page_size"])
    numbers = range(total)[(page - 1) * size : page * size]
    return ok(images(numbers, pagination(total, page, size)))
