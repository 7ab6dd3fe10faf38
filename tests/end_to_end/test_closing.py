"""A client that is closed while its calls are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ninepic_async import APIConnectionError, ConfigError, NinePic, NinePicError
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .calls import CALLS, scene_in
from .clients import Stopwatch, arm, client_of, failure_of, until
from .tour import Participants

UNDER_WAY: dict[str, FaultFields] = {
    "waiting for the reply": {"stall": True},
    "reading the reply": {"stall": True, "after_bytes": 20},
    "waiting to try again": {"status": 503, "headers": {"Retry-After": "20"}},
    "waiting for the throttle": {"status": 429, "headers": {"Retry-After": "20"}},
}


@pytest.mark.parametrize("state", UNDER_WAY)
@pytest.mark.parametrize("endpoint", ["face_search", "start_clips", "face_results", "clip_status", "ping"])
async def test_a_call_under_way_ends_with_its_request_id(
    state: str, endpoint: str, sb: Sandbox, people: Participants
) -> None:
    scene = scene_in(sb, people)
    arm(sb, UNDER_WAY[state])
    client = client_of(sb)
    call = asyncio.ensure_future(failure_of(lambda: CALLS[endpoint](client, scene)))
    await until(lambda: not sb.faults.unused)
    await until(lambda: bool(sb.requests) or "stall" in UNDER_WAY[state])

    watch = Stopwatch()
    await client.aclose()
    error: Any = await call

    assert isinstance(error, APIConnectionError)
    assert "othing was sent" not in str(error)
    assert error.attempts >= 1
    assert (error.request_id is None) is (endpoint == "ping")
    assert watch.seconds < 10


async def test_an_upload_that_was_closed_under_way_can_be_picked_up(
    sb: Sandbox, people: Participants
) -> None:
    arm(sb, {"stall": True, "after_work": True}, "face_search")
    client = client_of(sb)
    call = asyncio.ensure_future(failure_of(lambda: client.event(sb.event_id).face_search(people.selfie)))
    await until(lambda: sb.state.searches_charged == 1)
    await client.aclose()
    error: Any = await call

    async with client_of(sb) as other:
        assert await other.event(sb.event_id).face_results(error.request_id).collect()
    assert sb.state.searches_charged == 1


@pytest.mark.parametrize("use", [lambda e: e.ping(), lambda e: e.photos().collect()])
async def test_a_call_after_closing_is_refused(use: Callable[[Any], Awaitable[object]], sb: Sandbox) -> None:
    client: NinePic = client_of(sb)
    await client.event(sb.event_id).ping()
    await client.aclose()
    error: NinePicError = await failure_of(lambda: use(client.event(sb.event_id)))
    assert type(error) is ConfigError
