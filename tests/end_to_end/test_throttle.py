from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ninepic_async import NinePic, RateLimitError
from ninepic_async.sandbox import Sandbox

from .clients import PHOTOS, Stopwatch, client_of, failure_of, quick, sent

PAUSE_S = 0.2


@pytest.fixture
async def sb() -> AsyncIterator[Sandbox]:
    """A sandbox whose request log goes by the real clock."""
    async with Sandbox(photos=PHOTOS) as running:
        yield running


def throttle(sb: Sandbox, seconds: float, times: int = 1) -> None:
    sb.faults.add(
        times=times,
        status=429,
        body={"message": "Too Many Requests"},
        headers={"Retry-After": f"{seconds:g}"},
    )


def pauses(sb: Sandbox) -> list[float]:
    """Give the seconds between the first answer and each later one."""
    first, *later = (record.at for record in sb.requests)
    return [at - first for at in later]


async def test_a_429_on_one_call_makes_concurrent_calls_wait(sb: Sandbox) -> None:
    throttle(sb, PAUSE_S)
    async with client_of(sb, max_concurrency=1) as client:
        event = client.event(sb.event_id)
        await asyncio.gather(event.ping(), event.details(), event.timeline_days(), client.events().collect())

    assert sorted(sent(sb)[1:]) == ["details", "events", "ping", "timeline_days"]
    assert min(pauses(sb)) > 0.95 * PAUSE_S


async def test_a_429_that_is_given_up_on_still_makes_later_calls_of_every_view_wait(
    sb: Sandbox, client: NinePic
) -> None:
    throttle(sb, PAUSE_S)
    error = await failure_of(client.with_options(retry=quick(1)).event(sb.event_id).ping)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == PAUSE_S

    await asyncio.gather(
        client.event(sb.event_id).details(), client.with_options(timeout=5).event(sb.event_id).ping()
    )

    assert min(pauses(sb)) > 0.95 * PAUSE_S


async def test_another_client_is_not_held_up(sb: Sandbox, client: NinePic) -> None:
    throttle(sb, 30)
    await failure_of(client.with_options(timeout=1).event(sb.event_id).ping)

    async with client_of(sb, timeout=1) as other:
        assert (await other.event(sb.event_id).ping()).status == "ok"


async def test_a_retry_after_beyond_the_deadline_is_an_error_at_once(sb: Sandbox, client: NinePic) -> None:
    throttle(sb, 30)
    hurried = client.with_options(timeout=1, retry=quick(100)).event(sb.event_id)
    watch = Stopwatch()

    first = await failure_of(hurried.ping)
    second = await failure_of(hurried.photos().collect)

    assert watch.seconds < 0.9
    assert isinstance(first, RateLimitError)
    assert (first.retry_after, first.endpoint, first.attempts) == (30, "ping", 1)
    assert isinstance(second, RateLimitError)
    assert second.retry_after == pytest.approx(30, abs=0.5)
    assert (second.endpoint, second.attempts) == ("photos", 0)
    assert sent(sb) == ["ping"]
