"""The clock for deadlines and waits. Tests replace it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Reads the time and waits."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of the system."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(asyncio.sleep)
