"""Find the request rate that a service accepts, from its replies alone. Pure: no clock and no waiting."""

from __future__ import annotations

import math
from typing import Final

from attrs import define, field

_FORGET_AFTER_S: Final = 300.0
"""Forget the learned rate after this long without a 429."""
_NO_LIMIT: Final = 10_000.0
"""A rate that no client reaches. When the rate has grown this far, the pace is no longer active."""
_SLACK: Final = 4.0
"""In intervals. A longer gap between two requests proves nothing, so the rate does not grow during it."""

_LEAST_MARK: Final = 4.0
_LEAST_RATE: Final = 1.0
_START_SHARE: Final = 0.25
"""The first 429 comes after a burst, so start well below the rate of the burst."""
_DOUBLE_S: Final = 0.5
"""The rate doubles in this time until a second 429 gives a first estimate."""
_KEEP_OF_DOUBLED: Final = 0.7
"""At the second 429, the doubling rate is well above what the service accepts: keep this share of it."""
_FIRST_CUT: Final = 0.5
_LEAST_CUT: Final = 0.04
_SHORTEST_CYCLE_S: Final = 1.3
_LONGEST_CYCLE_S: Final = 6.0
_LONGEST_SHARED_CYCLE_S: Final = 2.5
"""If 429s keep coming early, others use the service too. A client with a low rate then probes more often."""
_SHARED_AFTER: Final = 4
_LOW_RATE: Final = 8.0
_SHARED_BEFORE: Final = 0.5
_CYCLE_REQUESTS: Final = 40.0
"""Each cycle causes about one 429. At low rates, cycles are longer, so that few requests get a 429."""
_CYCLE_PAUSES: Final = 12.0
"""If each 429 causes a pause, a cycle lasts as long as this many pauses."""
_FIRST_CYCLE_PAUSES: Final = 3.0
"""The same for the first cycle. It is shorter, because the first mark is a rough guess."""
_LONGEST_PAUSE_CYCLE_S: Final = 60.0
_EARLY: Final = 0.3
_LATE: Final = 1.8
"""In cycles. A 429 before `_EARLY`: the cut was too small. One after `_LATE`: the service accepts more."""
_ENOUGH_REPLIES: Final = 10
_PROVEN_IS_NEAR: Final = 0.75
_KEEP_OF_PROVEN: Final = 0.96
_SMALLEST_STEP: Final = 1.0


@define
class Pace:
    """A request rate that is cut when the service throttles, and grows again afterwards.

    The growth is cubic: fast up to the rate of the last 429 (the mark), slow near the mark, and fast again
    above it. Cuts get smaller while the mark stays right. Two facts keep the mark accurate: the service's
    bucket is empty at each 429, so the replies accepted between two 429s show its rate; and a 429 for a
    request that was sent before the last cut is no new information.

    Attributes:
        is_active: False until the first 429, and again some minutes after the last one.
    """

    is_active: bool = False
    _mark: float = field(init=False, default=0.0)
    _base: float = field(init=False, default=0.0)
    _cut: float = field(init=False, default=_FIRST_CUT)
    _cut_at: float = field(init=False, default=-math.inf)
    _cycle_s: float = field(init=False, default=_SHORTEST_CYCLE_S)
    _has_mark: bool = field(init=False, default=False)
    """False while the rate still doubles, because no 429 has limited it yet."""
    _early: int = field(init=False, default=0)
    _accepted: int = field(init=False, default=0)
    _accepted_since: float = field(init=False, default=-math.inf)
    _sent_at: float = field(init=False, default=-math.inf)
    _idle_s: float = field(init=False, default=0.0)
    """Time since the last cut in which the pace was not used."""

    def sent(self, now: float) -> None:
        """Count a request that is sent.

        Args:
            now: monotonic seconds.
        """
        if self.is_active:
            self._idle_s += max(0.0, now - self._used_until(now))
            self._sent_at = now

    def accepted(self, now: float) -> None:
        """Count a request that the service did not throttle.

        Args:
            now: monotonic seconds.
        """
        if not self.is_active and now - self._accepted_since > 1.0:
            self._accepted, self._accepted_since = 0, now
        self._accepted += 1

    def rate(self, now: float) -> float:
        """Return the rate in requests a second; infinity while the pace is not active."""
        if not self.is_active:
            return math.inf
        rate = self._rate_after(self._used_until(now) - self._cut_at - self._idle_s)
        if rate > _NO_LIMIT or now - self._cut_at > _FORGET_AFTER_S:
            self.is_active = False
            return math.inf
        return rate

    def throttled(self, now: float, sent_at: float, pause: float = 0.0) -> bool:
        """Cut the rate after a 429.

        Args:
            now: monotonic seconds.
            sent_at: when the request was sent, in monotonic seconds.
            pause: seconds in which no request will be sent.

        Returns:
            Whether the rate was cut. A 429 for a request that was sent before the last cut changes nothing.
        """
        if self.is_active and sent_at < self._cut_at:
            return False
        is_first_mark = self.is_active and not self._has_mark
        if self.rate(now) == math.inf:
            self._begin(now)
        else:
            self._cut_down(now)
        # A service that asks for a short pause accepts at least one request per pause.
        self._base = max(self._base, 1 / pause if pause else _LEAST_RATE)
        self._mark = max(self._mark, self._base)
        self._cut_at, self._idle_s = now + pause, 0.0
        self._accepted, self._accepted_since = 0, now
        is_shared = self._early >= _SHARED_AFTER and self._mark < _LOW_RATE
        longest_s = _LONGEST_SHARED_CYCLE_S if is_shared else _LONGEST_CYCLE_S
        by_requests = min(_CYCLE_REQUESTS / self._mark, longest_s)
        pauses = _FIRST_CYCLE_PAUSES if is_first_mark else _CYCLE_PAUSES
        by_pause = min(pauses * pause, _LONGEST_PAUSE_CYCLE_S)
        self._cycle_s = max(_SHORTEST_CYCLE_S, by_requests, by_pause)
        return True

    def _used_until(self, now: float) -> float:
        """Return the time until which requests were sent at about the pace."""
        since = max(self._sent_at, self._cut_at)
        return min(now, since + _SLACK / self._rate_after(since - self._cut_at - self._idle_s))

    def _rate_after(self, elapsed: float) -> float:
        if elapsed <= 0:
            return self._base
        if not self._has_mark:
            return float(self._base * 2.0 ** min(elapsed / _DOUBLE_S, 99.0))
        return self._grown(elapsed)

    def _begin(self, now: float) -> None:
        self.is_active, self._has_mark = True, False
        seen = self._accepted / max(now - self._accepted_since, 1.0)
        self._mark = max(seen, _LEAST_MARK)
        self._base = self._mark * _START_SHARE

    def _cut_down(self, now: float) -> None:
        rate, used_s = self.rate(now), now - self._cut_at - self._idle_s
        cycles = used_s / self._cycle_s
        proven = min(rate, self._accepted / max(used_s, 1e-3))
        is_known = self._accepted >= _ENOUGH_REPLIES
        if self._has_mark:
            self._early = self._early + 1 if cycles < _SHARED_BEFORE else max(0, self._early - 1)
        is_near = is_known and proven >= _PROVEN_IS_NEAR * rate
        self._cut = _LEAST_CUT if is_near else self._next_cut(cycles)
        self._mark = rate if self._has_mark else _KEEP_OF_DOUBLED * rate
        if is_near:
            self._mark = min(self._mark, proven * (1 + 1 / self._accepted))
        kept = (self._accepted - 2) / max(now - self._accepted_since, 1e-3) if is_known else 0.0
        base = max(self._mark * (1 - self._cut), kept * _KEEP_OF_PROVEN)
        self._base = min(base, self._mark * (1 - _LEAST_CUT))
        self._has_mark = True

    def _next_cut(self, cycles: float) -> float:
        if not self._has_mark or cycles > _LATE:
            return _FIRST_CUT
        if cycles < _EARLY:
            return min(_FIRST_CUT, 2 * self._cut)
        return max(_LEAST_CUT, self._cut / 2)

    def _grown(self, elapsed: float) -> float:
        late = _LATE * self._cycle_s
        place = (min(elapsed, late) - self._cycle_s) / self._cycle_s
        step = self._mark - self._base
        if place > 0:
            step = max(step, _SMALLEST_STEP)
        rate = self._mark + step * place**3
        return float(rate * 2.0 ** min((elapsed - late) / _DOUBLE_S, 99.0)) if elapsed > late else rate
