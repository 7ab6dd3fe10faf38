from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.sandbox.faults.throttle import Throttle


@given(st.integers(1, 5), st.lists(st.floats(0, 0.7), max_size=60))
def test_per_second_bounds_requests_in_any_second(per_second: int, waits: list[float]) -> None:
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
def test_at_once_bounds_running_requests(at_once: int, comings: list[bool]) -> None:
    throttle, under_way = Throttle(None, at_once), 0
    for comes in comings:
        if comes:
            assert throttle.admits(0) == (under_way < at_once)
            under_way = min(under_way + 1, at_once)
        elif under_way:
            throttle.leave()
            under_way -= 1
