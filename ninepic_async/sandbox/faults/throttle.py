"""Counting requests for a throttle, by whatever clock the sandbox goes by."""

from __future__ import annotations

from collections import deque

from attrs import define, field


@define(eq=False)
class Throttle:
    """Lets so many requests through in any one second, and so many at once.

    Limiters from libraries go by the machine's or the event loop's clock; this one is told the time.
    """

    per_second: int | None
    at_once: int | None
    _let_through: deque[float] = field(factory=deque, init=False)
    _under_way: int = field(default=0, init=False)

    def admits(self, now: float) -> bool:
        """Whether a request may pass; one that does has to `leave` in the end."""
        while self._let_through and now - self._let_through[0] >= 1.0:
            self._let_through.popleft()
        if self.per_second is not None and len(self._let_through) >= self.per_second:
            return False
        if self.at_once is not None and self._under_way >= self.at_once:
            return False
        if self.per_second is not None:
            self._let_through.append(now)
        self._under_way += 1
        return True

    def leave(self) -> None:
        """A request that passed has been answered."""
        self._under_way -= 1
