"""A client that is closed while its calls are under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
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


async def read_and_close(client: NinePic, items: AsyncIterator[object]) -> object:
    """Close the client after the first item, and go on reading."""
    async for _ in items:
        await client.aclose()
    return None


def walks(event: Any, search: Any, request_id: str) -> dict[str, AsyncIterator[object]]:
    return {
        "face_results": aiter(event.face_results(request_id, page_size=1)),
        "face_search": aiter(search),
        "clip_status": event.clip_job(request_id).updates(),
    }


@pytest.mark.parametrize("walk", ["face_results", "face_search", "clip_status"])
async def test_a_list_that_is_being_read_ends_with_its_request_id(
    walk: str, sb: Sandbox, people: Participants
) -> None:
    scene = scene_in(sb, people)
    arm(sb, {"replace": {"$.data.status": "processing"}}, "clip_status", times=2)
    client = client_of(sb)
    event = client.event(sb.event_id)
    search = await event.face_search(scene.selfie, request_id=scene.request_id, page_size=1)
    assert search.total > 1

    reading = walks(event, search, scene.request_id)[walk]
    error: Any = await failure_of(lambda: read_and_close(client, reading))

    assert isinstance(error, APIConnectionError)
    assert error.request_id == scene.request_id
    assert error.endpoint == walk.replace("face_search", "face_results")
    assert "closed" in str(error)


async def test_a_list_without_a_request_id_ends_in_the_same_error(sb: Sandbox) -> None:
    client = client_of(sb)
    error: Any = await failure_of(
        lambda: read_and_close(client, aiter(client.event(sb.event_id).photos(page_size=1)))
    )
    assert isinstance(error, APIConnectionError)
    assert (error.endpoint, error.request_id) == ("photos", None)


async def test_clips_whose_client_is_closed_before_the_first_status_have_the_request_id(
    sb: Sandbox, people: Participants
) -> None:
    client = client_of(sb)
    arm(sb, {"stall": True}, "clip_status")
    call = asyncio.ensure_future(failure_of(lambda: client.event(sb.event_id).clips(selfie=people.selfie)))
    await until(lambda: not sb.faults.unused)
    await client.aclose()
    error: Any = await call
    assert (sb.event_id, error.request_id) in sb.state.searches
