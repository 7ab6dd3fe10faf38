from __future__ import annotations

import math

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async._core.pace import Pace


@define
class Bucket:
    """A service's throttle: a token bucket."""

    rate: float
    burst: float
    tokens: float = field(init=False)
    now: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.tokens = self.burst

    def takes(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.now) * self.rate)
        self.now = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@define
class Outcome:
    sent: list[float] = field(factory=list)
    accepted: list[float] = field(factory=list)

    def share(self, rate: float, start: float, end: float) -> float:
        """Return what was accepted in a time, as a share of what the service allows."""
        return sum(start <= at < end for at in self.accepted) / (rate * (end - start))

    def refused(self, start: float, end: float) -> float:
        sent = sum(start <= at < end for at in self.sent)
        return 1 - sum(start <= at < end for at in self.accepted) / sent


def simulate(
    bucket: Bucket,
    *,
    seconds: float = 25.0,
    reply_s: float = 0.002,
    pause_s: float = 0.0,
    changes: dict[float, float] | None = None,
) -> Outcome:
    """Send as fast as a pace allows, from callers who never run out of requests."""
    pace, outcome, now, opens_at = Pace(), Outcome(), 0.0, 0.0
    changes = dict(changes or {})
    in_flight: list[tuple[float, float, bool]] = []
    while now < seconds:
        for at in [at for at in changes if at <= now]:
            bucket.rate = changes.pop(at)
        outcome.sent.append(now)
        pace.sent(now)
        in_flight.append((now + reply_s, now, bucket.takes(now)))
        if in_flight[-1][2]:
            outcome.accepted.append(now)
        # Nobody can have more than 32 requests under way, and an unpaced caller sends every millisecond.
        due = now + max(1 / pace.rate(now), 0.001)
        while in_flight and (in_flight[0][0] <= due or len(in_flight) >= 32):
            answered, sent_at, good = in_flight.pop(0)
            if good:
                pace.accepted(answered)
                continue
            was_active = pace.is_active
            pause = pause_s or (0.0 if was_active else 0.4)
            pace.throttled(answered, sent_at, pause)
            opens_at = max(opens_at, answered + pause) if pause else opens_at
            due = max(due, now + 1 / pace.rate(answered))
        now = max(due, opens_at)
    return outcome


@pytest.mark.parametrize(
    ("rate", "burst", "refused"), [(50, 5, 0.02), (50, 100, 0.02), (10, 10, 0.04), (200, 20, 0.02)]
)
@pytest.mark.parametrize("reply_s", [0.002, 0.03])
def test_a_throttle_is_used_to_the_full_with_few_429s(
    rate: float, burst: float, refused: float, reply_s: float
) -> None:
    outcome = simulate(Bucket(rate, burst), reply_s=reply_s)
    assert outcome.share(rate, 5, 25) >= 0.95
    assert outcome.refused(5, 25) <= refused


@pytest.mark.parametrize(("rate", "burst"), [(50, 5), (50, 100), (10, 10)])
def test_where_each_429_costs_a_second_it_probes_rarely(rate: float, burst: float) -> None:
    outcome = simulate(Bucket(rate, burst), pause_s=1.0)
    assert outcome.share(rate, 5, 25) >= 0.85


def test_it_follows_a_throttle_that_changes() -> None:
    outcome = simulate(Bucket(50, 5), seconds=45, changes={15: 10, 30: 50})
    assert outcome.share(10, 20, 30) >= 0.9
    assert outcome.refused(20, 30) <= 0.1
    assert outcome.share(50, 36, 45) >= 0.9


@given(rate=st.floats(5, 500), burst=st.integers(3, 200), reply_s=st.floats(0.0005, 0.05))
def test_the_rate_of_any_throttle_is_found(rate: float, burst: int, reply_s: float) -> None:
    outcome = simulate(Bucket(rate, burst), seconds=20, reply_s=reply_s)
    assert outcome.share(rate, 8, 20) >= 0.75
    assert outcome.refused(8, 20) <= 0.2


def test_nothing_is_spaced_before_the_first_429() -> None:
    pace = Pace()
    for now in range(1000):
        pace.accepted(now / 1000)
    assert pace.rate(1.0) == math.inf
    assert not pace.is_active


def test_a_429_to_a_request_sent_before_the_cut_says_nothing_new() -> None:
    pace = Pace()
    assert pace.throttled(10.0, sent_at=9.99)
    rate = pace.rate(10.0)
    assert not pace.throttled(10.01, sent_at=9.995)
    assert pace.rate(10.0) == rate


def learned() -> Pace:
    """Return a pace that has met a throttle of about 30 requests a second, at 3 s."""
    pace, now = Pace(), 0.0
    pace.throttled(0.0, sent_at=0.0)
    while now < 3:
        pace.sent(now)
        now += 1 / pace.rate(now)
    pace.throttled(3.0, sent_at=2.9)
    return pace


def test_what_was_learned_is_kept_while_nothing_is_sent() -> None:
    pace = learned()
    rate = pace.rate(3.0)
    assert pace.rate(299.0) < 2 * rate
    pace.sent(299.0)
    assert pace.rate(299.1) < 2 * rate


def test_what_was_learned_is_forgotten_after_some_minutes() -> None:
    pace = learned()
    assert pace.rate(302.0) < math.inf
    assert pace.rate(304.0) == math.inf
    assert not pace.is_active


def test_a_rate_that_is_used_grows_until_nothing_limits_it() -> None:
    pace, now = learned(), 3.0
    while pace.is_active and now < 60:
        pace.sent(now)
        now += 1 / pace.rate(now)
    assert now < 30


def test_a_few_requests_prove_little() -> None:
    pace = learned()
    for second in range(4, 100):
        pace.sent(float(second))
    assert pace.rate(100.0) < 1000
