"""Progress over all shards: what has ended, and how far those are that are under way."""

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
"""The rate is taken over this time: workers report about once a second each."""


@frozen(kw_only=True)
class ScaleProgress(DownloadProgress):
    """How far a download over workers is. ``on_progress`` and the client's hooks get it.

    Attributes:
        call: a number that all records of this download have, as in `CallStarted`.
        endpoint: always ``"scale"``.
        event_id: the event.
        shards: how many shards the plan has.
        shards_done: how many of them have ended.
        photos_per_s: the current rate, over half a minute.
        seconds_left: until everything that is planned is fetched, at this rate; None while it is not known.
    """

    call: int = 0
    endpoint: str = "scale"
    event_id: int = 0
    shards: int = 0
    shards_done: int = 0
    photos_per_s: float = 0.0
    seconds_left: float | None = None


@frozen(kw_only=True)
class Moved:
    """How far one shard is.

    Attributes:
        stored: photos that are there, those of earlier runs included.
        failed: photos that are given up.
        bytes: bytes that this run received.
    """

    stored: int = 0
    failed: int = 0
    bytes: int = 0


@frozen(kw_only=True)
class Before:
    """What earlier runs stored.

    Attributes:
        complete: photos of complete shards, by the shard's number.
        open: stored photos of other shards, by the shard's number.
    """

    complete: Mapping[int, int] = field(factory=dict)
    open: Mapping[int, int] = field(factory=dict)

    @property
    def stored(self) -> int:
        """How many photos earlier runs stored."""
        return sum(self.complete.values()) + sum(self.open.values())


@define(eq=False)
class Progress:
    """Adds up what the shards report. The download's report does not rely on it."""

    _event_id: int
    _on_progress: Callable[[DownloadProgress], object] | None
    _hooks: tuple[Hook, ...]
    _planner: Planner
    _before: Before
    _clock: Clock
    _call: int = field(factory=next_call)
    _moved: dict[int, Moved] = field(factory=dict)
    _ended: set[int] = field(factory=set)
    _samples: deque[tuple[float, int, int]] = field(factory=deque)
    _is_told: bool = False

    def moved(self, shard: int, moved: Moved) -> None:
        """Take in how far a shard is."""
        if shard not in self._ended:
            self._moved[shard] = moved
            self._is_told = False

    def ended(self, shard: int, moved: Moved) -> None:
        """Take in a shard's outcome."""
        self._moved[shard] = moved
        self._ended.add(shard)
        self._is_told = False

    def tell(self) -> None:
        """Report the progress, if there is any since the last time."""
        if self._is_told:
            return
        self._is_told = True
        progress = self._progress(self._clock.monotonic())
        if self._on_progress is not None:
            self._on_progress(progress)
        call_hooks(self._hooks, progress)

    def _progress(self, now: float) -> ScaleProgress:
        done = sum(max(each.stored - self._before.open.get(n, 0), 0) for n, each in self._moved.items())
        failed = sum(each.failed for each in self._moved.values())
        received = sum(each.bytes for each in self._moved.values())
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
            shards_done=len(self._before.complete) + len(self._ended),
            photos_per_s=photos_per_s,
            seconds_left=left / photos_per_s if photos_per_s else (None if left else 0.0),
        )

    def _rates(self, now: float, photos: int, received: int) -> tuple[float, float]:
        """Return photos and bytes a second over the last samples."""
        self._samples.append((now, photos, received))
        while len(self._samples) > 2 and now - self._samples[1][0] > _WINDOW_S:
            self._samples.popleft()
        then, photos_then, received_then = self._samples[0]
        seconds = max(now - then, 1e-9)
        if now == then:
            return 0.0, 0.0
        return max(photos - photos_then, 0) / seconds, max(received - received_then, 0) / seconds
