from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.sandbox.faults.throttle import Throttle, TokenBucket


@given(st.integers(1, 5), st.lists(st.floats(0, 0.7), max_size=60))
def test_per_second_bounds_requests_in_any_second(per_second: int, waits: list[float]) -> None:
    throttle, now = Throttle(per_second), 0.0
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
    throttle, under_way = Throttle(at_once=at_once), 0
    for comes in comings:
        if comes:
            assert throttle.admits(0) == (under_way < at_once)
            under_way = min(under_way + 1, at_once)
        elif under_way:
            throttle.leave()
            under_way -= 1


@given(st.integers(1, 8), st.integers(1, 6), st.lists(st.integers(0, 12), max_size=80))
def test_token_bucket_admits_rate_and_burst(rate: int, burst: int, waits: list[int]) -> None:
    """In each span of time, at most ``burst`` and ``rate`` times its length are admitted, and no fewer."""
    throttle, now = Throttle(bucket=TokenBucket(rate, burst)), 0.0
    tokens, admitted = burst * 16.0, 0
    for sixteenths in waits:
        now += sixteenths / 16
        tokens = min(burst * 16.0, tokens + sixteenths * rate)
        assert throttle.admits(now) == (tokens >= 16)
        if tokens >= 16:
            tokens, admitted = tokens - 16, admitted + 1
        assert admitted <= burst + rate * now


def test_token_bucket_holds_one_second_by_default() -> None:
    bucket = TokenBucket(2.5)
    throttle = Throttle(bucket=bucket)
    assert [throttle.admits(0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.size == 3


def test_refused_request_takes_no_token() -> None:
    throttle = Throttle(at_once=1, bucket=TokenBucket(1, 2))
    assert throttle.admits(0.0)
    assert not throttle.admits(0.0)
    throttle.leave()
    assert throttle.admits(0.0)


def test_clock_that_goes_back_adds_no_tokens() -> None:
    throttle = Throttle(bucket=TokenBucket(1, 1))
    assert throttle.admits(100.0)
    assert not throttle.admits(50.0)
    assert not throttle.admits(50.5)
    assert throttle.admits(51.0)
