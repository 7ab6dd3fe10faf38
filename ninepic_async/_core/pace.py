"""Find the request rate that a service accepts, from its replies alone. Pure: no clock and no waiting."""

from __future__ import annotations

import math
from typing import Final

from attrs import define, field

_FORGET_AFTER_S: Final = 300.0
"""A throttle that has not been met for this long says nothing about today."""
_NO_LIMIT: Final = 10_000.0
"""A rate that nobody reaches. Once it has grown this far, what was learned is forgotten."""
_SLACK: Final = 4.0
"""In intervals. A longer gap between two requests proves nothing about the rate, so it does not raise it."""

_LEAST_MARK: Final = 4.0
_LEAST_RATE: Final = 1.0
_START_SHARE: Final = 0.25
"""The first 429 comes after a burst, so begin well below what the burst suggests."""
_DOUBLE_S: Final = 0.5
"""How fast the rate grows while nothing is known."""
_KEEP_OF_DOUBLED: Final = 0.7
"""A rate that doubles has gone well beyond what the service accepts by the time of the 429."""
_FIRST_CUT: Final = 0.5
_LEAST_CUT: Final = 0.04
_SHORTEST_CYCLE_S: Final = 1.3
_LONGEST_CYCLE_S: Final = 6.0
_LONGEST_SHARED_CYCLE_S: Final = 2.5
"""Where 429s keep coming early, others use the throttle too. Who has little of it tries more often."""
_SHARED_AFTER: Final = 4
_LITTLE: Final = 8.0
_SHARED_BEFORE: Final = 0.5
_CYCLE_REQUESTS: Final = 40.0
"""Each cycle costs about one 429: at low rates a cycle is longer, so that its share stays small."""
_CYCLE_PAUSES: Final = 12.0
"""Where a 429 costs a pause, probe more rarely: one cycle for this many pauses."""
_FIRST_CYCLE_PAUSES: Final = 3.0
"""The first mark is a guess, so look sooner whether it holds."""
_LONGEST_PAUSE_CYCLE_S: Final = 60.0
_EARLY: Final = 0.3
_LATE: Final = 1.8
"""In cycles. A 429 before the first: the cut was too small. One after the second: there is more to get."""
_ENOUGH_REPLIES: Final = 10
_PROVEN_IS_NEAR: Final = 0.75
_KEEP_OF_PROVEN: Final = 0.96
_SMALLEST_STEP: Final = 1.0


@define
class Pace:
    """A rate that falls when the service throttles and grows again, first slowly, then fast.

    Between two cycles the growth is cubic: fast back towards the rate of the last 429 (the mark), slow around
    it, faster beyond it. Cuts get smaller while the mark proves right. Two facts keep the mark honest: the
    service's bucket is empty at each 429, so the replies accepted between two of them are its rate; and a 429
    to a request sent before the last cut says nothing new.

    Attributes:
        is_active: False until the first 429, and again some minutes after the last.
    """

    is_active: bool = False
    _mark: float = field(init=False, default=0.0)
    _base: float = field(init=False, default=0.0)
    _cut: float = field(init=False, default=_FIRST_CUT)
    _cut_at: float = field(init=False, default=-math.inf)
    _cycle_s: float = field(init=False, default=_SHORTEST_CYCLE_S)
    _has_mark: bool = field(init=False, default=False)
    """False while the rate still doubles: no 429 has bounded it yet."""
    _early: int = field(init=False, default=0)
    _accepted: int = field(init=False, default=0)
    _accepted_since: float = field(init=False, default=-math.inf)
    _sent_at: float = field(init=False, default=-math.inf)
    _idle_s: float = field(init=False, default=0.0)
    """Time since the last cut in which the pace was not used."""

    def sent(self, now: float) -> None:
        """Count a request that leaves.

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
        """Take in a 429.

        Args:
            now: monotonic seconds.
            sent_at: when the request was sent, in monotonic seconds.
            pause: seconds for which nothing will be sent.

        Returns:
            Whether the rate was cut. It is not for a request that was sent before the last cut.
        """
        if self.is_active and sent_at < self._cut_at:
            return False
        is_first_mark = self.is_active and not self._has_mark
        if self.rate(now) == math.inf:
            self._begin(now)
        else:
            self._cut_down(now)
        # A service that names a short pause does not ask for more than that.
        self._base = max(self._base, 1 / pause if pause else _LEAST_RATE)
        self._mark = max(self._mark, self._base)
        self._cut_at, self._idle_s = now + pause, 0.0
        self._accepted, self._accepted_since = 0, now
        is_shared = self._early >= _SHARED_AFTER and self._mark < _LITTLE
        longest_s = _LONGEST_SHARED_CYCLE_S if is_shared else _LONGEST_CYCLE_S
        by_requests = min(_CYCLE_REQUESTS / self._mark, longest_s)
        pauses = _FIRST_CYCLE_PAUSES if is_first_mark else _CYCLE_PAUSES
        by_pause = min(pauses * pause, _LONGEST_PAUSE_CYCLE_S)
        self._cycle_s = max(_SHORTEST_CYCLE_S, by_requests, by_pause)
        return True

    def _used_until(self, now: float) -> float:
        """Return the time up to which requests left at about the pace."""
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
