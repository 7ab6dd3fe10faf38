from __future__ import annotations

import asyncio

import pytest

from ninepic_async.sandbox import Clock, ManualClock, RealClock


async def test_sleepers_wake_when_due() -> None:
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


async def test_clock_is_advanced_from_another_thread() -> None:
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
def test_clock_refuses_to_go_back_or_past_year_9999(seconds: float, said: str, clock: Clock) -> None:
    before = clock.now()
    with pytest.raises(ValueError, match=said):
        clock.advance(seconds)
    assert 0 <= clock.now() - before < 60


async def test_sleep_of_zero_returns_at_once() -> None:
    await ManualClock().sleep(0)


async def test_real_clock_sleeps() -> None:
    clock = RealClock()
    before = clock.now()
    await clock.sleep(0.001)
    assert clock.now() > before
