"""Waiting for a Motion job: growing, jittered intervals, and always a bound."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final

from attrs import field, frozen

from ninepic_async._contract.endpoints import ClipStatus as ClipStatusEndpoint
from ninepic_async._core.engine import Engine
from ninepic_async._support.arguments import seconds
from ninepic_async._support.redact import mask_queries
from ninepic_async.errors import (
    APIConnectionError,
    APITimeoutError,
    CallError,
    ClipJobFailedError,
    ClipJobTimeoutError,
    InternalServerError,
    RateLimitError,
)
from ninepic_async.models import ClipResult, ClipStatus

log: Final = logging.getLogger("ninepic_async")

DEFAULT_WAIT_S: Final = 600.0
FIRST_INTERVAL_S: Final = 1.0
LONGEST_INTERVAL_S: Final = 15.0
_GROWTH: Final = 1.5
_LAST_LOOK_S: Final = 1.0
_PASSING: Final = (APIConnectionError, InternalServerError, RateLimitError)
"""What says nothing of the job, which goes on meanwhile."""


def intervals(engine: Engine) -> Iterator[float]:
    """Yield the seconds between one look at a job and the next."""
    longest = FIRST_INTERVAL_S
    while True:
        yield longest * (0.75 + 0.25 * engine.chance())
        longest = min(longest * _GROWTH, LONGEST_INTERVAL_S)


@frozen
class ClipJob:
    """A Motion job on the service. Its ``request_id`` is all that another process needs to pick it up."""

    _engine: Engine = field(eq=False, repr=False)
    event_id: int
    request_id: str

    async def status(self) -> ClipStatus:
        """Ask once how far the job is.

        Raises:
            NotFoundError: the service does not know this ``request_id``.
            NinePicError: whatever else goes wrong.

        Example:
            >>> (await job.status()).state
            'done'
        """
        return await self._look(None)

    async def updates(self, *, timeout: float = DEFAULT_WAIT_S) -> AsyncGenerator[ClipStatus, None]:
        """Yield the job's status now and at each change, up to the final one.

        Once there has been a status, a service that is busy or out of reach for a while is asked again later.

        Args:
            timeout: seconds to go on for, at most.

        Raises:
            ClipJobTimeoutError: the job was still at work by then.
            NinePicError: whatever else goes wrong.

        Example:
            >>> async for status in job.updates():
            ...     print(status.status, len(status.clips))
        """
        deadline = self._engine.clock.monotonic() + seconds(timeout, "timeout")
        waits = intervals(self._engine)
        last: ClipStatus | None = None
        missed: CallError | None = None
        warned = False
        while True:
            try:
                status = await self._look_before(deadline, timeout, last)
            except _PASSING as error:
                if last is None:
                    raise
                log.warning("clip_status: %s, asking on", type(error).__name__)
                missed, pause = error, getattr(error, "retry_after", None) or 0.0
            else:
                if status.state == "unknown" and not warned:
                    log.warning("clip_status: unknown status word %r, asking on", status.status)
                    warned = True
                if status != last:
                    yield status
                if status.is_final:
                    return
                last, missed, pause = status, None, status.retry_after or 0.0
            # Keep enough for one last look rather than give up a whole interval early.
            left = deadline - self._engine.clock.monotonic() - min(_LAST_LOOK_S, timeout / 10)
            if left <= 0 or pause >= left:
                raise self._too_late(timeout, last) from missed
            await self._engine.clock.sleep(min(max(next(waits), pause), left))

    async def wait(self, *, timeout: float = DEFAULT_WAIT_S) -> ClipResult:
        """Wait for the clips.

        Args:
            timeout: seconds to wait, at most.

        Returns:
            The clips; none where the selfie is in no video.

        Raises:
            ClipJobFailedError: the service gave up.
            ClipJobTimeoutError: the job was still at work by then; both carry the ``request_id``.
            NinePicError: whatever else goes wrong.

        Example:
            >>> result = await job.wait(timeout=120)
            >>> [clip.url for clip in result.clips]
        """
        async with aclosing(self.updates(timeout=timeout)) as updates:
            async for status in updates:
                if status.is_final:
                    return self._result(status)
        raise AssertionError("updates() ends with a final status or an error")

    async def _look(self, within_s: float | None) -> ClipStatus:
        endpoint = ClipStatusEndpoint(event_id=self.event_id, request_id=self.request_id)
        return await self._engine.run(endpoint, timeout_s=within_s)

    async def _look_before(self, deadline: float, timeout: float, last: ClipStatus | None) -> ClipStatus:
        left = deadline - self._engine.clock.monotonic()
        if left <= 0:
            raise self._too_late(timeout, last)
        try:
            return await self._look(min(left, self._engine.timeout_s))
        except APITimeoutError as error:
            if left > self._engine.timeout_s:
                raise
            raise self._too_late(timeout, last) from error

    def _result(self, status: ClipStatus) -> ClipResult:
        if status.state == "failed":
            message = f"Motion ended with {status.status!r}" + (
                f": {mask_queries(status.message)}" if status.message else ""
            )
            raise ClipJobFailedError(message, endpoint="clip_status", request_id=self.request_id)
        return ClipResult(
            request_id=status.request_id,
            clips=status.clips,
            status=status.status,
            message=status.message,
            extra=status.extra,
        )

    def _too_late(self, timeout: float, last: ClipStatus | None) -> ClipJobTimeoutError:
        word = "no status was received" if last is None else f"the last status was {last.status!r}"
        return ClipJobTimeoutError(
            f"Motion was not done within {timeout:g} s; {word}; go on with event.clip_job(request_id)",
            endpoint="clip_status",
            request_id=self.request_id,
        )
