"""Failures on command: an ordered list that every request consults in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from typing import TypedDict, Unpack

import orjson
from aiohttp import web
from attrs import define, field, frozen

from .request_log import endpoint_of, page_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@frozen(kw_only=True)
class Fault:
    """Which requests go wrong, and how. Without any ``how`` it lets the request pass, and counts it.

    Attributes:
        endpoint: Name of the route it is for; None: any.
        path: Shell pattern that the path has to match; None: any.
        page: The ``page`` asked for; None: any.
        times: How many requests it strikes before it is used up.
        status: Answer with this instead of doing the work.
        body: Body of that answer: bytes or text as they stand, anything else as JSON.
        headers: Headers of that answer.
        delay_s: Wait this many real seconds first.
        reset: Drop the connection before the head of the reply.
        truncate_after: Do the work, announce the whole length, send so many bytes of the body and hang up.
        lose_reply: Do the work, then drop the connection before the head.
    """

    endpoint: str | None = None
    path: str | None = None
    page: int | None = None
    times: int = 1
    status: int | None = None
    body: object = b""
    headers: Mapping[str, str] = field(factory=dict)
    delay_s: float = 0.0
    reset: bool = False
    truncate_after: int | None = None
    lose_reply: bool = False

    def is_for(self, request: web.Request) -> bool:
        """Whether a request is one of those this fault is meant for."""
        return (
            (self.endpoint is None or self.endpoint == endpoint_of(request))
            and (self.path is None or fnmatchcase(request.path, self.path))
            and (self.page is None or self.page == page_of(request))
        )


class FaultFields(TypedDict, total=False):
    """The fields of a `Fault`, for `Faults.add`."""

    endpoint: str | None
    path: str | None
    page: int | None
    times: int
    status: int | None
    body: object
    headers: Mapping[str, str]
    delay_s: float
    reset: bool
    truncate_after: int | None
    lose_reply: bool


@define
class _Armed:
    fault: Fault
    left: int


class Faults:
    """The faults of one sandbox, in the order they were added; each request meets at most one."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def add(self, **fields: Unpack[FaultFields]) -> Fault:
        """Add a fault behind those already there; the arguments are the fields of `Fault`."""
        fault = Fault(**fields)
        self._armed.append(_Armed(fault, fault.times))
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        self._armed.clear()

    @property
    def unused(self) -> list[Fault]:
        """Faults that did not strike as often as they were to."""
        return [armed.fault for armed in self._armed if armed.left > 0]

    def take(self, request: web.Request) -> Fault | None:
        """The first fault meant for a request, counted as used once."""
        for armed in self._armed:
            if armed.left > 0 and armed.fault.is_for(request):
                armed.left -= 1
                return armed.fault
        return None


async def answer(fault: Fault | None, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request as its fault says, or as usual when there is none."""
    if fault is None:
        return await handler(request)
    if fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    if fault.reset:
        return hang_up(request)
    if fault.status is not None:
        return _canned(fault)
    reply = await handler(request)
    if fault.lose_reply:
        return hang_up(request)
    if fault.truncate_after is not None and isinstance(reply, web.Response):
        return await _cut_short(request, reply, fault.truncate_after)
    return reply


def hang_up(request: web.Request) -> web.Response:
    """Drop the connection; the reply returned goes nowhere, and is marked so."""
    if request.transport is not None:
        request.transport.abort()
    reply = web.Response(status=499)
    reply["lost"] = True
    return reply


def _canned(fault: Fault) -> web.Response:
    headers = {**fault.headers}
    if isinstance(fault.body, bytes | str):
        body = fault.body.encode() if isinstance(fault.body, str) else fault.body
    else:
        body = orjson.dumps(fault.body)
        headers.setdefault("Content-Type", "application/json")
    return web.Response(status=fault.status or 500, body=body, headers=headers)


async def _cut_short(request: web.Request, reply: web.Response, size: int) -> web.StreamResponse:
    body = reply.body if isinstance(reply.body, bytes) else b""
    cut = web.StreamResponse(status=reply.status, headers=reply.headers)
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[:size])
    await asyncio.sleep(0)  # let the piece leave before the connection goes
    if request.transport is not None:
        request.transport.close()
    return cut
