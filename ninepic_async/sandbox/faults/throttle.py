"""Count requests for a throttle, by the sandbox's clock."""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import Final

from attrs import define, field

_ROUNDING: Final = 1e-3
"""Part of a token that may be missing: Unix time as a float is exact to about 2e-7 s."""


@define(eq=False)
class TokenBucket:
    """Admits ``rate`` requests a second on average, and ``burst`` at the same moment.

    Attributes:
        rate: Tokens that flow in per second.
        burst: Tokens that the bucket holds; None: one second's worth.
    """

    rate: float
    burst: int | None = None
    _tokens: float = field(init=False)
    _filled_at: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens = self.size

    @property
    def size(self) -> int:
        """Return how many tokens the bucket holds."""
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
        """Change rate and size from ``now`` on; tokens beyond the new size are lost."""
        self.has_token(now)  # adds the tokens of the previous rate
        self.rate, self.burst = rate, burst


@define(eq=False)
class Throttle:
    """Admits requests up to a rate, a number in any second, and a number at the same time.

    It takes the time as an argument: limiters from libraries read the machine's or the event loop's clock.
    """

    per_second: int | None = None
    at_once: int | None = None
    bucket: TokenBucket | None = None
    _admitted: deque[float] = field(factory=deque, init=False)
    _running: int = field(default=0, init=False)

    def admits(self, now: float) -> bool:
        """Return whether a request may pass; call `leave` when an admitted one ends."""
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
        """Note that an admitted request has ended."""
        self._running -= 1

    def _has_slot(self) -> bool:
        return self.at_once is None or self._running < self.at_once

    def _has_room(self, now: float) -> bool:
        """Return whether fewer than ``per_second`` requests were admitted in the last second."""
        while self._admitted and now - self._admitted[0] >= 1.0:
            self._admitted.popleft()
        return self.per_second is None or len(self._admitted) < self.per_second
