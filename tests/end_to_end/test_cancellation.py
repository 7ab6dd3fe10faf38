from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ninepic_async import NinePic, RetryPolicy
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .calls import CALLS, scene_in
from .clients import Stopwatch, Traffic, arm, client_of, others, until
from .tour import Participants

STAGES: dict[str, FaultFields] = {
    "waiting for the reply": {"delay_s": 3},
    "waiting for the next attempt": {"status": 503},
    "waiting out a Retry-After": {"status": 429, "headers": {"Retry-After": "5"}},
}


async def cancelled(task: asyncio.Task[object], once: Callable[[], bool]) -> float:
    """Cancel a task once a condition holds; give the seconds that it took to end."""
    await until(once)
    watch = Stopwatch()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return watch.seconds


@pytest.mark.parametrize("stage", STAGES)
async def test_a_cancelled_call_ends_at_once_and_its_client_goes_on(
    stage: str, sb: Sandbox, people: Participants
) -> None:
    scene = scene_in(sb, people)
    replies = 0 if "delay_s" in STAGES[stage] else 1
    for endpoint, call in CALLS.items():
        sb.requests.clear()
        arm(sb, STAGES[stage], endpoint)
        async with client_of(sb, timeout=20) as client:
            patient = client.with_options(retry=RetryPolicy(initial_s=5, max_s=5))
            task = asyncio.ensure_future(call(patient, scene))

            took = await cancelled(task, lambda: not sb.faults.unused and len(sb.requests) == replies)

            assert took < 1, endpoint
            assert others() == set(), endpoint
            if "Retry-After" not in stage:
                assert (await client.event(scene.event_id).ping()).status == "ok"


async def test_a_cancelled_call_lets_go_of_its_connection_and_its_place(sb: Sandbox) -> None:
    traffic = Traffic()
    async with traffic.session() as session:
        client = client_of(sb, session=session, max_concurrency=1)
        for _ in range(3):
            sb.faults.add(delay_s=0.1)
            task = asyncio.ensure_future(client.event(sb.event_id).ping())
            waiting = asyncio.ensure_future(client.event(sb.event_id).details())
            await cancelled(task, lambda: not sb.faults.unused)
            assert (await waiting).event_id == sb.event_id
        assert traffic.under_way == 0


async def test_a_cancelled_wait_for_motion_ends_at_once(
    sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    sb.state.clip_seconds = 1000
    job = client.event(scene.event_id).clip_job(scene.request_id)
    task = asyncio.ensure_future(job.wait(timeout=60))

    assert await cancelled(task, lambda: len(sb.requests) == 1) < 1
    assert (await job.status()).state == "under_way"


async def test_a_timeout_around_a_call_is_the_callers_own(sb: Sandbox, client: NinePic) -> None:
    sb.faults.add(delay_s=0.15)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.event(sb.event_id).ping()

    assert (await client.event(sb.event_id).ping()).status == "ok"
