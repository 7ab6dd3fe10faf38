"""Count requests for a throttle, by the sandbox's clock."""

from __future__ import annotations

from collections import deque

from attrs import define, field


@define(eq=False)
class Throttle:
    """Admits a number of requests in any second, and a number at the same time.

    It takes the time as an argument: limiters from libraries read the machine's or the event loop's clock.
    """

    per_second: int | None
    at_once: int | None
    _admitted: deque[float] = field(factory=deque, init=False)
    _running: int = field(default=0, init=False)

    def admits(self, now: float) -> bool:
        """Return whether a request may pass; call `leave` when an admitted one ends."""
        while self._admitted and now - self._admitted[0] >= 1.0:
            self._admitted.popleft()
        if self.per_second is not None and len(self._admitted) >= self.per_second:
            return False
        if self.at_once is not None and self._running >= self.at_once:
            return False
        if self.per_second is not None:
            self._admitted.append(now)
        self._running += 1
        return True

    def leave(self) -> None:
        """Note that an admitted request has ended."""
        self._running -= 1
