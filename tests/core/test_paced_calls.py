"""Calls of one client through its throttle, against a service with a token bucket. No real time passes."""

from __future__ import annotations

import asyncio
import heapq
import itertools

import pytest

from ninepic_async._contract.messages import Reply, Request
from tests.canned import PING, FakeClock, failed, ok, rig
from tests.core.test_pace import Bucket


class SteppedClock(FakeClock):
    """Sleepers wake in the order of their times; time moves on when everybody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    async def sleep(self, seconds: float, /) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._count), woken))
        await woken

    async def run_until(self, end: float) -> None:
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            if not self._sleepers or self._sleepers[0][0] > end:
                return
            at, _, woken = heapq.heappop(self._sleepers)
            self.now = max(self.now, at)
            if not woken.done():
                woken.set_result(None)


@pytest.mark.parametrize("callers", [1, 8, 32])
async def test_no_call_gives_up_and_the_throttle_is_used(callers: int) -> None:
    clock = SteppedClock()
    bucket = Bucket(50, 5, now=clock.now)
    answered: list[tuple[float, bool]] = []

    async def answer(request: Request) -> Reply:
        await clock.sleep(0.002)
        good = bucket.takes(clock.now)
        answered.append((clock.now, good))
        return ok(PING) if good else failed(429)

    answers = rig(answer, clock=clock)

    async def call_on_and_on() -> None:
        while True:
            await answers.event.ping()

    tasks = [asyncio.ensure_future(call_on_and_on()) for _ in range(callers)]
    start = clock.now
    await clock.run_until(start + 25)
    assert [task for task in tasks if task.done()] == []
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    late = [good for at, good in answered if at >= start + 5]
    assert sum(late) >= 0.95 * 50 * 20
    assert late.count(False) <= 0.02 * len(late)


async def test_a_single_call_gets_its_turn_beside_a_crowd() -> None:
    clock = SteppedClock()
    bucket = Bucket(50, 5, now=clock.now)

    async def answer(request: Request) -> Reply:
        await clock.sleep(0.002)
        return ok(PING) if bucket.takes(clock.now) else failed(429)

    answers = rig(answer, clock=clock)

    async def call_on_and_on() -> None:
        while True:
            await answers.event.ping()

    crowd = [asyncio.ensure_future(call_on_and_on()) for _ in range(31)]
    await clock.run_until(clock.now + 10)
    start = clock.now
    single = asyncio.ensure_future(answers.event.ping())
    await clock.run_until(start + 2)
    assert single.done()
    assert (await single).status == "ok"
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_a_cancelled_waiter_gives_its_turn_to_the_next() -> None:
    clock = SteppedClock()
    answers = rig([failed(429, retry_after="10"), *[ok(PING)] * 3], clock=clock)
    first = asyncio.ensure_future(answers.event.ping())
    await clock.run_until(clock.now)
    waiting = [asyncio.ensure_future(answers.event.ping()) for _ in range(3)]
    await clock.run_until(clock.now + 5)
    assert answers.engine.throttle.state().waiting == 3
    waiting[0].cancel()
    await clock.run_until(clock.now + 60)
    assert [task.done() for task in (first, *waiting)] == [True] * 4
    assert answers.engine.throttle.state().waiting == 0
    assert len(answers.requests) == 4
    await asyncio.gather(first, *waiting, return_exceptions=True)


async def test_a_success_after_a_bogus_wish_lets_short_throttles_be_waited_for() -> None:
    script = [failed(429, retry_after="86400"), ok(PING), failed(429, retry_after="1"), ok(PING)]
    answers = rig(script, timeout_s=30)
    with pytest.raises(Exception, match="429"):
        await answers.event.ping()
    await answers.clock.sleep(60)
    await answers.event.ping()
    await answers.event.ping()
    assert len(answers.requests) == 4


async def test_the_state_tells_pace_and_pause() -> None:
    answers = rig([failed(429, retry_after="20"), ok(PING)])
    assert answers.engine.throttle.state().pace is None
    call = asyncio.ensure_future(answers.event.ping())
    await call
    state = answers.engine.throttle.state()
    assert state.pace is not None
    assert state.paused_s == 0
