"""Progress over all shards, both finished and running."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from ninepic_async._core.hooks import Hook, call_hooks, next_call
from ninepic_async._support.clock import Clock
from ninepic_async.download.report import DownloadProgress

if TYPE_CHECKING:
    from ninepic_async.scale.plan import Planner

_WINDOW_S: Final = 30.0
"""The rate is measured over this time. Each worker reports about once a second."""


@frozen(kw_only=True)
class ScaleProgress(DownloadProgress):
    """Progress of a download on workers. ``on_progress`` and the client's hooks receive it.

    Attributes:
        call: a number that all records of this download share, as in `CallStarted`.
        endpoint: always ``"scale"``.
        event_id: the event's number.
        shards: the number of shards in the plan.
        shards_done: the number of finished shards.
        photos_per_s: photos a second, measured over the last half minute.
        seconds_left: seconds until all planned photos are fetched, at this rate; None while it is unknown.
    """

    call: int = 0
    endpoint: str = "scale"
    event_id: int = 0
    shards: int = 0
    shards_done: int = 0
    photos_per_s: float = 0.0
    seconds_left: float | None = None


@frozen(kw_only=True)
class ShardProgress:
    """Progress of one shard.

    Attributes:
        stored: stored photos, including those of earlier runs.
        failed: photos that failed.
        bytes: bytes that this run received.
    """

    stored: int = 0
    failed: int = 0
    bytes: int = 0


@frozen(kw_only=True)
class Before:
    """Counts of the photos that earlier runs stored.

    Attributes:
        complete: the number of photos in each complete shard, by the shard's number.
        open: the number of stored photos in each open shard, by the shard's number.
    """

    complete: Mapping[int, int] = field(factory=dict)
    open: Mapping[int, int] = field(factory=dict)

    @property
    def stored(self) -> int:
        """How many photos earlier runs stored."""
        return sum(self.complete.values()) + sum(self.open.values())


@define(eq=False)
class Progress:
    """Adds up the progress of all shards. The final report does not depend on it."""

    _event_id: int
    _on_progress: Callable[[DownloadProgress], object] | None
    _hooks: tuple[Hook, ...]
    _planner: Planner
    _before: Before
    _clock: Clock
    _call: int = field(factory=next_call)
    _by_shard: dict[int, ShardProgress] = field(factory=dict)
    _finished: set[int] = field(factory=set)
    _samples: deque[tuple[float, int, int]] = field(factory=deque)
    _is_reported: bool = False

    def update(self, shard: int, progress: ShardProgress) -> None:
        """Receive the progress of a running shard. Ignore late messages of a finished shard."""
        if shard not in self._finished:
            self._by_shard[shard] = progress
            self._is_reported = False

    def finish(self, shard: int, progress: ShardProgress) -> None:
        """Receive the final progress of a shard."""
        self._by_shard[shard] = progress
        self._finished.add(shard)
        self._is_reported = False

    def report(self) -> None:
        """Report the total progress, if it has changed since the last report."""
        if self._is_reported:
            return
        self._is_reported = True
        progress = self._progress(self._clock.monotonic())
        if self._on_progress is not None:
            self._on_progress(progress)
        call_hooks(self._hooks, progress)

    def _progress(self, now: float) -> ScaleProgress:
        done = sum(max(each.stored - self._before.open.get(n, 0), 0) for n, each in self._by_shard.items())
        failed = sum(each.failed for each in self._by_shard.values())
        received = sum(each.bytes for each in self._by_shard.values())
        known, skipped = self._planner.photos, self._before.stored
        photos_per_s, bytes_per_s = self._rates(now, done + failed, received)
        left = max(known - done - skipped - failed, 0)
        return ScaleProgress(
            done=done,
            skipped=skipped,
            failed=failed,
            known=known,
            bytes_done=received,
            bytes_known=received,
            bytes_per_s=bytes_per_s,
            call=self._call,
            event_id=self._event_id,
            shards=len(self._planner.sizes),
            shards_done=len(self._before.complete) + len(self._finished),
            photos_per_s=photos_per_s,
            seconds_left=left / photos_per_s if photos_per_s else (None if left else 0.0),
        )

    def _rates(self, now: float, photos: int, received: int) -> tuple[float, float]:
        """Return the photos a second and the bytes a second over the last samples."""
        self._samples.append((now, photos, received))
        while len(self._samples) > 2 and now - self._samples[1][0] > _WINDOW_S:
            self._samples.popleft()
        then, photos_then, received_then = self._samples[0]
        seconds = max(now - then, 1e-9)
        if now == then:
            return 0.0, 0.0
        return max(photos - photos_then, 0) / seconds, max(received - received_then, 0) / seconds
