"""Count what a run has done, and report its progress."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from typing import Final

from attrs import define, field

from ninepic_async._core.throttle import Throttle
from ninepic_async._support.clock import Clock
from ninepic_async.download.report import DownloadProgress, FailedDownload

EVERY_S: Final = 0.1
_RATE_SAMPLES: Final = 20
"""The current rate is measured over this many reports: two seconds."""


@define(eq=False)
class Counters:
    """The numbers of a run so far.

    Attributes:
        known: files seen in the source.
        done: files fetched.
        skipped: files that the folder has already.
        failed: files given up.
        bytes_stored: the size of the files in ``done``, in bytes.
        bytes_done: bytes received in all attempts.
        bytes_known: the announced size of the files whose fetch has started, in bytes.
        refused: replies that asked to slow down, and requests without a reply.
        stored: the journal offsets of the files that are in the folder.
    """

    known: int = 0
    done: int = 0
    skipped: int = 0
    failed: list[FailedDownload] = field(factory=list)
    bytes_stored: int = 0
    bytes_done: int = 0
    bytes_known: int = 0
    refused: int = 0
    stored: array[int] = field(factory=lambda: array("q"))


class ProgressReporter:
    """Calls a function with the progress: at most every `EVERY_S`, only after changes, and at the end."""

    def __init__(
        self,
        counters: Counters,
        throttle: Throttle,
        on_progress: Callable[[DownloadProgress], object],
        clock: Clock,
    ) -> None:
        self._counters = counters
        self._throttle = throttle
        self._on_progress = on_progress
        self._clock = clock
        self._last = DownloadProgress()
        self._reported_at = clock.monotonic()
        self._samples: deque[tuple[float, int]] = deque([(self._reported_at, 0)], maxlen=_RATE_SAMPLES + 1)

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            self._report()

    async def end(self) -> None:
        """Report the final state."""
        await self._clock.sleep(max(0.0, self._reported_at + EVERY_S - self._clock.monotonic()))
        self._report()

    def _report(self) -> None:
        now, counters = self._clock.monotonic(), self._counters
        self._samples.append((now, counters.bytes_done))
        since, before = self._samples[0]
        progress = DownloadProgress(
            done=counters.done,
            skipped=counters.skipped,
            failed=len(counters.failed),
            known=counters.known,
            bytes_done=counters.bytes_done,
            bytes_known=max(counters.bytes_known, counters.bytes_done),
            bytes_per_s=(counters.bytes_done - before) / max(now - since, 1e-9),
            pace=self._throttle.state().held_to,
        )
        if progress != self._last:
            self._last, self._reported_at = progress, now
            self._on_progress(progress)
