"""The sandbox's idea of time: the machine's clock, or one that a test moves by hand."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Link expiry and Motion progress follow it."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, start: float = 1_770_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Unix time in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._now += seconds
