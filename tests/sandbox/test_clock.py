from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.sandbox import Clock, ManualClock, RealClock
from ninepic_async.sandbox.faults.throttle import Throttle


async def test_sleepers_wake_when_their_time_has_come_and_not_before() -> None:
    clock = ManualClock(start=100)
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    sleepers = [asyncio.ensure_future(sleep(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    assert clock.sleepers == 3
    clock.advance(2)
    await asyncio.gather(*sleepers[1:])
    assert sorted(woken) == [1, 2]
    sleepers[0].cancel()
    await asyncio.gather(*sleepers, return_exceptions=True)
    assert (clock.sleepers, clock.now()) == (0, 102)


async def test_the_clock_can_be_moved_from_another_thread() -> None:
    clock = ManualClock()
    sleeper = asyncio.ensure_future(clock.sleep(5))
    await asyncio.sleep(0)
    await asyncio.to_thread(clock.advance, 5)
    await asyncio.wait_for(sleeper, 5)


@pytest.mark.parametrize("clock", [ManualClock(), RealClock()], ids=["manual", "real"])
@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "backwards"), (float("nan"), "backwards"), (1e12, "year 9999"), (float("inf"), "year 9999")],
)
def test_a_clock_does_not_run_backwards_or_out_of_the_calendar(
    seconds: float, said: str, clock: Clock
) -> None:
    before = clock.now()
    with pytest.raises(ValueError, match=said):
        clock.advance(seconds)
    assert 0 <= clock.now() - before < 60


async def test_no_time_at_all_has_passed_already() -> None:
    await ManualClock().sleep(0)


async def test_the_machines_clock_sleeps_too() -> None:
    clock = RealClock()
    before = clock.now()
    await clock.sleep(0.001)
    assert clock.now() > before


@given(st.integers(1, 5), st.lists(st.floats(0, 0.7), max_size=60))
def test_no_second_sees_more_requests_than_it_may(per_second: int, waits: list[float]) -> None:
    throttle, now = Throttle(per_second, None), 0.0
    passed: list[float] = []
    for wait in waits:
        now += wait
        recent = [at for at in passed if now - at < 1.0]
        admitted = throttle.admits(now)
        assert admitted == (len(recent) < per_second)
        if admitted:
            passed.append(now)


@given(st.integers(1, 4), st.lists(st.booleans(), max_size=60))
def test_no_more_are_under_way_than_may_be(at_once: int, comings: list[bool]) -> None:
    throttle, under_way = Throttle(None, at_once), 0
    for comes in comings:
        if comes:
            assert throttle.admits(0) == (under_way < at_once)
            under_way = min(under_way + 1, at_once)
        elif under_way:
            throttle.leave()
            under_way -= 1
