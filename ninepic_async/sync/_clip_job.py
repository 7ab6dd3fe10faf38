"""Waiting for a Motion job, in the calling thread."""

from __future__ import annotations

from collections.abc import Generator

from attrs import field, frozen

from ninepic_async import clip_job as _polling
from ninepic_async.clip_job import DEFAULT_WAIT_S
from ninepic_async.models import ClipResult, ClipStatus
from ninepic_async.sync._docs import documented_as
from ninepic_async.sync._portal import Portal


@documented_as(_polling.ClipJob)
@frozen
class ClipJob:
    _portal: Portal = field(eq=False, repr=False)
    _job: _polling.ClipJob

    @property
    def event_id(self) -> int:
        """The event's number."""
        return self._job.event_id

    @property
    def request_id(self) -> str:
        """Names the job; another process picks it up with ``event.clip_job(request_id)``."""
        return self._job.request_id

    def status(self) -> ClipStatus:
        return self._portal.call(self._job.status)

    def updates(self, *, timeout: float = DEFAULT_WAIT_S) -> Generator[ClipStatus, None, None]:
        return self._portal.iterate(self._job.updates(timeout=timeout))

    def wait(self, *, timeout: float = DEFAULT_WAIT_S) -> ClipResult:
        return self._portal.call(self._job.wait, timeout=timeout)
