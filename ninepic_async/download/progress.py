"""Counting, and telling how far a run is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from attrs import define, field

from ninepic_async._support.clock import Clock
from ninepic_async.download.report import DownloadProgress, DownloadReport, FailedDownload

EVERY_S: Final = 0.1
_RATE_OVER: Final = 20
"""Ticks that the current rate is taken over: two seconds."""


@define(eq=False)
class Meter:
    """What a run has done so far."""

    known: int = 0
    done: int = 0
    skipped: int = 0
    failed: list[FailedDownload] = field(factory=list)
    bytes_whole: int = 0
    bytes_done: int = 0
    bytes_known: int = 0
    throttled: int = 0
    """Replies that asked us to slow down, and requests that came to nothing."""

    def report(self) -> DownloadReport:
        """Sum up."""
        return DownloadReport(
            done=self.done, skipped=self.skipped, failed=tuple(self.failed), bytes=self.bytes_whole
        )


class Teller:
    """Hands out progress at most every `EVERY_S`, and only when there is some; the last of it always."""

    def __init__(self, meter: Meter, tell: Callable[[DownloadProgress], object], clock: Clock) -> None:
        self._meter = meter
        self._tell = tell
        self._clock = clock
        self._last = DownloadProgress()
        self._told_at = clock.monotonic()
        self._samples: deque[tuple[float, int]] = deque([(self._told_at, 0)], maxlen=_RATE_OVER + 1)

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            self._once()

    async def end(self) -> None:
        """Tell the last."""
        await self._clock.sleep(max(0.0, self._told_at + EVERY_S - self._clock.monotonic()))
        self._once()

    def _once(self) -> None:
        now, meter = self._clock.monotonic(), self._meter
        self._samples.append((now, meter.bytes_done))
        (since, before) = self._samples[0]
        progress = DownloadProgress(
            done=meter.done,
            skipped=meter.skipped,
            failed=len(meter.failed),
            known=meter.known,
            bytes_done=meter.bytes_done,
            bytes_known=max(meter.bytes_known, meter.bytes_done),
            bytes_per_s=(meter.bytes_done - before) / max(now - since, 1e-9),
        )
        if progress != self._last:
            self._last, self._told_at = progress, now
            self._tell(progress)
