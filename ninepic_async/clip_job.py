"""Wait for a Motion job: poll with growing, jittered intervals up to a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, Final

from attrs import field, frozen

from ninepic_async._contract.endpoints import ClipStatus as ClipStatusEndpoint
from ninepic_async._core.engine import Engine
from ninepic_async._support.arguments import seconds
from ninepic_async.errors import (
    APIConnectionError,
    APITimeoutError,
    CallError,
    ClipJobTimeoutError,
    ConfigError,
    InternalServerError,
    RateLimitError,
)
from ninepic_async.models import ClipResult, ClipStatus, shown_word

log: Final = logging.getLogger("ninepic_async")

DEFAULT_WAIT_S: Final = 600.0
FIRST_INTERVAL_S: Final = 1.0
LONGEST_INTERVAL_S: Final = 15.0
_GROWTH: Final = 1.5
_LAST_POLL_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
"""Poll again after this, whatever ``Retry-After`` says."""
_TEMPORARY: Final = (APIConnectionError, InternalServerError, RateLimitError)
"""Temporary errors that are not about the job. Polling continues after them."""


def intervals(engine: Engine) -> Iterator[float]:
    """Yield the seconds to wait between two polls."""
    longest = FIRST_INTERVAL_S
    while True:
        yield longest * (0.75 + 0.25 * engine.chance())
        longest = min(longest * _GROWTH, LONGEST_INTERVAL_S)


def interrupted(request_id: str, error: ConfigError) -> APIConnectionError:
    """Return the error of a wait that ended because the client was closed."""
    message = f"{error}; the Motion job was not done: continue with event.clip_job(request_id)"
    return APIConnectionError(message, endpoint="clip_status", request_id=request_id)


@frozen
class ClipJob:
    """A Motion job on the service. Another process can continue it with the ``request_id`` alone."""

    _engine: Engine = field(eq=False, repr=False)
    event_id: int
    """The event's number."""
    request_id: str
    """The job's id. Another process continues with ``event.clip_job(request_id)``."""

    async def status(self) -> ClipStatus:
        """Fetch the job's status, once.

        Raises:
            NotFoundError: the service does not know this ``request_id``.
            NinePicError: any other failure.

        Example:
            >>> (await job.status()).state
            'done'

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        return await self._poll(None)

    async def updates(self, *, timeout: float = DEFAULT_WAIT_S) -> AsyncGenerator[ClipStatus, None]:
        """Yield the job's status now, and again whenever it changes, up to the final status.

        After the first status, polling continues even if the service is busy or unreachable for a while.

        Args:
            timeout: the longest time to poll, in seconds.

        Raises:
            ClipJobTimeoutError: the job was not done in time.
            NinePicError: any other failure.

        Example:
            >>> async for status in job.updates():
            ...     print(status.status, len(status.clips))

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        deadline = self._engine.clock.monotonic() + seconds(timeout, "timeout")
        waits = intervals(self._engine)
        last: ClipStatus | None = None
        missed: CallError | None = None
        warned = False
        while True:
            try:
                status = await self._poll_before(deadline, timeout, last)
            except _TEMPORARY as error:
                if last is None:
                    raise
                log.warning("clip_status: %s, polling continues", type(error).__name__)
                missed, pause = error, getattr(error, "retry_after", None) or 0.0
            else:
                if status.state == "unknown" and not warned:
                    log.warning(
                        "clip_status: unknown status word %s, polling continues", shown_word(status.status)
                    )
                    warned = True
                if status != last:
                    yield status
                if status.is_final:
                    return
                last, missed, pause = status, None, status.retry_after or 0.0
            # Keep time for one last poll just before the deadline.
            left = deadline - self._engine.clock.monotonic() - min(_LAST_POLL_S, timeout / 10)
            if left <= 0:
                raise self._too_late(timeout, last) from missed
            await self._sleep(min(max(next(waits), min(pause, _LONGEST_PAUSE_S)), left))

    async def wait(self, *, timeout: float = DEFAULT_WAIT_S) -> ClipResult:
        """Wait for the clips.

        Args:
            timeout: the longest time to wait, in seconds.

        Returns:
            The clips. No clips if the person is in no video.

        Raises:
            ClipJobFailedError: the job failed.
            ClipJobTimeoutError: the job was not done in time. Both errors have the ``request_id``.
            NinePicError: any other failure.

        Example:
            >>> result = await job.wait(timeout=120)
            >>> [clip.url for clip in result.clips]

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        async with aclosing(self.updates(timeout=timeout)) as updates:
            async for status in updates:
                if status.is_final:
                    return status.result()
        raise AssertionError("updates() ends with a final status or an error")

    async def _poll(self, within_s: float | None) -> ClipStatus:
        endpoint = ClipStatusEndpoint(event_id=self.event_id, request_id=self.request_id)
        return await self._engine.run(endpoint, timeout_s=within_s)

    async def _poll_before(self, deadline: float, timeout: float, last: ClipStatus | None) -> ClipStatus:
        left = deadline - self._engine.clock.monotonic()
        if left <= 0:
            raise self._too_late(timeout, last)
        try:
            return await self._poll(min(left, self._engine.timeout_s))
        except APITimeoutError as error:
            if left > self._engine.timeout_s:
                raise
            raise self._too_late(timeout, last) from error
        except ConfigError as error:
            if last is None:
                raise
            failure = interrupted(self.request_id, error)
        raise failure

    async def _sleep(self, seconds: float) -> None:
        try:
            await self._engine.throttle.sleep(seconds)
        except asyncio.CancelledError as error:
            vars(error)["call"] = self._about  # for the blocking client, as in a call
            raise
        except ConfigError as error:
            failure = interrupted(self.request_id, error)
        else:
            return
        raise failure

    @property
    def _about(self) -> dict[str, Any]:
        """The endpoint and ``request_id`` for an error that ends the wait."""
        return {"endpoint": "clip_status", "request_id": self.request_id}

    def _too_late(self, timeout: float, last: ClipStatus | None) -> ClipJobTimeoutError:
        seen = "no status was received" if last is None else f"the last status was {shown_word(last.status)}"
        return ClipJobTimeoutError(
            f"Motion was not done within {timeout:g} s; {seen}; continue with event.clip_job(request_id)",
            **self._about,
        )
