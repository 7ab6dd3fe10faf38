"""Count requests for a throttle, by the sandbox's clock."""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import Final

from attrs import define, field

_ROUNDING: Final = 1e-3
"""Tolerance in tokens: Unix time in a float has an error of about 2e-7 s."""


@define(eq=False)
class TokenBucket:
    """Admits ``rate`` requests per second on average, and up to ``burst`` at the same moment.

    Attributes:
        rate: Tokens added per second.
        burst: Largest number of tokens in the bucket; None: as many as are added in one second.
    """

    rate: float
    burst: int | None = None
    _tokens: float = field(init=False)
    _filled_at: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens = self.size

    @property
    def size(self) -> int:
        """Return the largest number of tokens in the bucket."""
        return ceil(self.rate) if self.burst is None else self.burst

    def has_token(self, now: float) -> bool:
        """Return whether a request at ``now`` may pass."""
        elapsed = 0.0 if self._filled_at is None else max(0.0, now - self._filled_at)
        self._tokens = min(self.size, self._tokens + elapsed * self.rate)
        self._filled_at = now
        return self._tokens >= 1 - _ROUNDING

    def take(self) -> None:
        """Take a token."""
        self._tokens -= 1

    def change(self, rate: float, burst: int | None, now: float) -> None:
        """Change rate and size from ``now`` on. Tokens beyond the new size are removed."""
        self.has_token(now)  # adds the tokens that the previous rate has earned
        self.rate, self.burst = rate, burst


@define(eq=False)
class Throttle:
    """Limits requests by average rate, by their number in any second, and by their number at the same time.

    The caller passes the time. Limiters from libraries can't be used: they read the machine's or the event
    loop's clock.
    """

    per_second: int | None = None
    at_once: int | None = None
    bucket: TokenBucket | None = None
    _admitted: deque[float] = field(factory=deque, init=False)
    _running: int = field(default=0, init=False)

    def admits(self, now: float) -> bool:
        """Return whether a request may pass. If it may, call `leave` when it ends."""
        if not (self._has_slot() and self._has_room(now)):
            return False
        if self.bucket is not None:
            if not self.bucket.has_token(now):
                return False
            self.bucket.take()
        if self.per_second is not None:
            self._admitted.append(now)
        self._running += 1
        return True

    def leave(self) -> None:
        """Record that an admitted request has ended."""
        self._running -= 1

    def _has_slot(self) -> bool:
        return self.at_once is None or self._running < self.at_once

    def _has_room(self, now: float) -> bool:
        """Return whether fewer than ``per_second`` requests were admitted in the last second."""
        while self._admitted and now - self._admitted[0] >= 1.0:
            self._admitted.popleft()
        return self.per_second is None or len(self._admitted) < self.per_second
