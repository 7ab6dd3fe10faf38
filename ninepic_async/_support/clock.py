"""The clock for deadlines and waits. Tests replace it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Reads the time and waits."""

    def monotonic(self) -> float:
        """Return the seconds of a clock that never goes back."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait for a number of seconds."""
        ...


class SystemClock:
    """The clock of the system."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(asyncio.sleep)
