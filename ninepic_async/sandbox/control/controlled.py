"""The members of a sandbox that the control API uses."""

# ruff: noqa: D102 (Sandbox has the docstrings)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from ninepic_async.sandbox.clock import Clock
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.faults.fault_list import Faults
from ninepic_async.sandbox.request_log import RequestLog
from ninepic_async.sandbox.snapshot import Snapshot


class Controlled(Protocol):
    """A running sandbox; `ninepic_async.sandbox.Sandbox` describes each member."""

    seed: int
    clock: Clock
    faults: Faults
    requests: RequestLog

    @property
    def base_url(self) -> str: ...
    @property
    def photos_url(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def org_id(self) -> int: ...
    @property
    def event_id(self) -> int: ...
    @property
    def event(self) -> Event: ...
    @property
    def bibs(self) -> Sequence[str]: ...
    def add_photos(
        self,
        count: int | None = None,
        *,
        bib: str | None = None,
        taken_at: datetime | None = None,
        timed: bool = True,
    ) -> Sequence[str]: ...
    def remove_photos(self, image_ids: Iterable[str], /) -> None: ...
    def throttle(
        self, rate: float | None, burst: int | None = None, *, retry_after: int | None = None
    ) -> None: ...
    def reset(self, *, seed: int | None = None, photos: int | None = None) -> None: ...
    def snapshot(self) -> Snapshot: ...
    def restore(self, taken: Snapshot, /) -> None: ...
    def selfie(self, bib: str, take: int = 0) -> bytes: ...
    def stranger_selfie(self, take: int = 0) -> bytes: ...
