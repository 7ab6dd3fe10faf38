"""The sandbox's clocks: one that shows the machine's time, and one that only a test moves."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Final, Protocol

LAST: Final = 253_402_300_799.0
"""The end of the year 9999: the latest date that a header can hold."""


class Clock(Protocol):
    """The time of link expiry, Motion jobs, delays and throttles."""

    def now(self) -> float:
        """Return Unix time in seconds."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait for ``seconds``."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``, and end the waits that are due by then."""
        ...


class RealClock:
    """The machine's clock. `advance` moves it forward, from any thread."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()
        self._sleepers: set[asyncio.Future[None]] = set()

    def now(self) -> float:
        """Return Unix time in seconds."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``, and end the waits that are due by then.

        Raises:
            ValueError: ``seconds`` is negative or not a number, or the result is after the year 9999.
        """
        _check(seconds, self.now())
        with self._lock:
            self._ahead += seconds
            for sleeper in self._sleepers:
                sleeper.get_loop().call_soon_threadsafe(_wake, sleeper)

    async def sleep(self, seconds: float, /) -> None:
        """Wait for ``seconds``."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            await self._wait_or_advance(left)

    async def _wait_or_advance(self, seconds: float) -> None:
        """Wait for ``seconds``, or until the clock is moved forward."""
        loop = asyncio.get_running_loop()
        sleeper = loop.create_future()
        alarm = loop.call_later(seconds, _wake, sleeper)
        with self._lock:
            self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            alarm.cancel()
            with self._lock:
                self._sleepers.discard(sleeper)


class ManualClock:
    """A clock that moves only when `advance` is called, from any thread.

    Args:
        start: Unix time in seconds at the beginning.

    Example:
        >>> clock = ManualClock(start=0)
        >>> clock.advance(90)
        >>> clock.now()
        90.0
    """

    def __init__(self, start: float = 1_770_000_000.0) -> None:
        self._now = float(start)
        self._lock = threading.Lock()
        self._sleepers: dict[asyncio.Future[None], float] = {}

    def now(self) -> float:
        """Return Unix time in seconds."""
        return self._now

    @property
    def sleepers(self) -> int:
        """Return the number of waits that have not ended."""
        return len(self._sleepers)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``, and end the waits that are due by then.

        Raises:
            ValueError: ``seconds`` is negative or not a number, or the result is after the year 9999.
        """
        _check(seconds, self.now())
        with self._lock:
            self._now += seconds
            due = [sleeper for sleeper, until in self._sleepers.items() if until <= self._now]
            for sleeper in due:
                del self._sleepers[sleeper]
                sleeper.get_loop().call_soon_threadsafe(_wake, sleeper)

    async def sleep(self, seconds: float, /) -> None:
        """Wait for ``seconds``."""
        if seconds <= 0:
            return
        sleeper = asyncio.get_running_loop().create_future()
        with self._lock:
            self._sleepers[sleeper] = self._now + seconds
        try:
            await sleeper
        finally:
            with self._lock:
                self._sleepers.pop(sleeper, None)


def _check(seconds: float, now: float) -> None:
    if not seconds >= 0:
        raise ValueError("seconds must be 0 or more: the clock can't move backwards")
    if now + seconds > LAST:
        raise ValueError("seconds is too large: the clock can't go beyond the year 9999")


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
