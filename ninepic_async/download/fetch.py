"""Fetch one file: retry, renew its link and resume, until it is complete or the fetcher gives up."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

from attrs import define, field, frozen

from ninepic_async._core.hooks import CallReporter, Hook, photo_address
from ninepic_async._core.retry import RetryPolicy, wait_before_retry
from ninepic_async._core.throttle import Throttle
from ninepic_async._support.clock import Clock
from ninepic_async.download.attempt import Arrived, AttemptError, Requester
from ninepic_async.download.job import FetchJob
from ninepic_async.download.links import Link, LinkGoneError
from ninepic_async.download.names import split, with_extension
from ninepic_async.download.partial_file import RESUME_FROM_BYTES
from ninepic_async.download.photo_host import LinkError
from ninepic_async.download.progress import Counters
from ninepic_async.download.store import OutOfFilesError, Part, Parts, UnwritableError
from ninepic_async.errors import DownloadError

LONGEST_WAIT_S: Final = 60.0
"""Retry after this, even if the host asked for a longer pause."""
MOST_RENEWALS: Final = 3
"""How often a link is signed again without any progress."""
_OUT_OF_FILES_WAIT_S: Final = 0.2
_OUT_OF_FILES_WAITS: Final = 150
"""Give up on a file without a file descriptor after about 30 s without progress of other files."""
_OVERLOADED: Final = 503
_OVERLOAD_S: Final = 5.0
"""If two files get a 503 within this time, the host is overloaded."""


class GivenUpError(Exception):
    """The fetcher gave up on a file.

    Attributes:
        part: the partial file, closed, if there is one.
    """

    def __init__(self, text: str, part: Part | None = None) -> None:
        super().__init__(text)
        self.part = part


@frozen
class Fetched:
    """A complete file, and the name that fits its content."""

    part: Part
    name: str


@define(eq=False)
class _Attempts:
    """Counts the attempts for one file since its last progress."""

    failed: int = 0
    throttled: int = 0
    sent_at: float = 0.0
    renewals: int = 0
    without_descriptor: int = 0
    furthest: int = 0
    received_by_all: int = 0
    """The bytes that all files of the run had received at this file's last failure."""
    reporter: CallReporter | None = None

    async def reported(self, request: Awaitable[Arrived]) -> str:
        """Await one request, and report its start and end to the hooks. Return the file's extension."""
        if self.reporter is None:
            return (await request).extension
        self.reporter.sent()
        sent_at, status = self.reporter.now(), None
        try:
            arrived = await request
            status = arrived.status
        except AttemptError as error:
            status = error.status
            raise
        finally:
            self.reporter.replied(status, self.reporter.now() - sent_at)
        return arrived.extension

    def report(self, error: AttemptError, wait: float) -> None:
        """Report a failed attempt that will be retried."""
        if self.reporter is not None:
            self.reporter.attempt_ended(_reported(error), wait)

    def count(self, part: Part) -> None:
        self.failed += 1
        if part.resume_at is not None and part.size >= self.furthest + RESUME_FROM_BYTES:
            self.furthest = part.size
            self.failed, self.renewals = 1, 0


@define(eq=False)
class _Overload:
    """Finds out from plain 503 replies whether the host is overloaded, or only one file is unavailable.

    The host is overloaded if another file got a 503 shortly before.
    """

    _file: str = ""
    _at: float = -math.inf

    def is_hosts(self, error: AttemptError, file: str, now: float) -> bool:
        """Record a failed attempt for a file, and return whether the host is overloaded."""
        if error.status != _OVERLOADED:
            return False
        is_hosts = self._file != file and now - self._at < _OVERLOAD_S
        self._file, self._at = file, now
        return is_hosts


@frozen(kw_only=True)
class Fetcher:
    """Fetches files. Each request holds a slot of ``lane`` and of ``throttle``."""

    requester: Requester
    parts: Parts
    lane: AbstractAsyncContextManager[object]
    throttle: Throttle
    counters: Counters
    retry: RetryPolicy
    clock: Clock
    chance: Callable[[], float] = field(repr=False)
    hooks: tuple[Hook, ...] = ()
    _overload: _Overload = field(init=False, factory=_Overload)

    async def fetch(self, job: FetchJob) -> Fetched:
        """Fetch one complete file.

        Raises:
            GivenUpError: the file can't be fetched.
            DownloadError: no file can be written any more.
        """
        if not self.hooks:
            return await self._fetch(job, None)
        where = photo_address(job.link.url)
        reporter = CallReporter(self.hooks, self.clock.monotonic, "photo", where)
        try:
            reporter.begin()
            fetched = await self._fetch(job, reporter)
        except BaseException as error:
            reporter.ended(_reported(error))
            raise
        reporter.ended(None)
        return fetched

    async def _fetch(self, job: FetchJob, reporter: CallReporter | None) -> Fetched:
        part = None
        try:
            part = await self._open(job)
            name = await self._fetch_until_complete(job, part, reporter)
        except (GivenUpError, LinkError, UnwritableError, OutOfFilesError) as error:
            if part is not None:
                part.close()
            raise GivenUpError(str(error), part) from error
        except BaseException:
            if part is not None:
                part.close()
            raise
        return Fetched(part, name)

    async def _open(self, job: FetchJob) -> Part:
        attempts = _Attempts(received_by_all=self.counters.bytes_done)
        while True:
            try:
                return self.parts.open_part(job.name, job.previous)
            except OutOfFilesError as error:
                await self._wait_for_descriptor(error, attempts)

    async def _fetch_until_complete(self, job: FetchJob, part: Part, reporter: CallReporter | None) -> str:
        attempts = _Attempts(received_by_all=self.counters.bytes_done, reporter=reporter)
        begun = partial(self.parts.begun, job)
        while True:
            url = await _fresh_url(job.link)
            renewals = job.link.renewals
            try:
                async with self.lane, self.throttle.slot(math.inf):
                    attempts.sent_at = self.clock.monotonic()
                    extension = await attempts.reported(self.requester.fetch(url, part, begun))
            except OutOfFilesError as error:
                await self._wait_for_descriptor(error, attempts)
            except AttemptError as error:
                attempts.count(part)
                is_throttled = error.throttled or self._overload.is_hosts(error, job.name, attempts.sent_at)
                if error.status is not None and not is_throttled:
                    self.throttle.accepted(attempts.sent_at)
                if error.link_refused and job.link.group is not None:
                    await self._sign_again(error, job.link, renewals, attempts)
                else:
                    await self._before_retry(error, attempts, is_throttled=is_throttled)
            else:
                self.throttle.accepted(attempts.sent_at)
                return job.name if extension == split(job.name)[1] else with_extension(job.name, extension)

    async def _sign_again(self, error: AttemptError, link: Link, renewals: int, attempts: _Attempts) -> None:
        if attempts.renewals >= MOST_RENEWALS:
            raise GivenUpError(f"{error}, although it was signed again {attempts.renewals} times") from error
        attempts.renewals += 1
        attempts.failed -= 1
        attempts.report(error, 0.0)
        try:
            await link.renew(renewals)
        except LinkGoneError as gone:
            raise GivenUpError(f"{error}; {gone}") from gone

    async def _before_retry(self, error: AttemptError, attempts: _Attempts, *, is_throttled: bool) -> None:
        """Wait before the next attempt.

        Raises:
            GivenUpError: there is no next attempt.
        """
        if is_throttled:
            wait = self._slow_down(error, attempts)
        else:
            wait = self._wait(error, attempts)
            # Send fewer requests at the same time to a host that is overloaded or drops connections.
            self.counters.refused += error.status in (None, 503) and not error.failure.final
        if wait is None:
            tried = f" (tried {attempts.failed} times)" if attempts.failed > 1 else ""
            raise GivenUpError(f"{error}{tried}") from error
        wait = min(wait, LONGEST_WAIT_S)
        attempts.report(error, wait)
        await self.clock.sleep(wait)

    def _wait(self, error: AttemptError, attempts: _Attempts) -> float | None:
        return wait_before_retry(
            self.retry, attempts.failed, error.failure, replayable=True, chance=self.chance()
        )

    def _slow_down(self, error: AttemptError, attempts: _Attempts) -> float | None:
        """Slow down all requests, and return how long this file waits before it queues again."""
        if error.throttled and self._others_progress(attempts):
            # The host is busy with other files of this run, so this attempt does not count as failed.
            attempts.failed = max(1, attempts.failed - 1)
        wait, asked = self._wait(error, attempts), error.failure.retry_after_s
        attempts.throttled += 1
        slowed = self.throttle.slow_down(attempts.sent_at, asked, wait, self.retry, times=attempts.throttled)
        if slowed.is_excused:
            attempts.failed -= 1
        else:
            self.counters.refused += 1  # the host may also limit the number of requests at the same time
        return slowed.wait

    async def _wait_for_descriptor(self, error: OutOfFilesError, attempts: _Attempts) -> None:
        """Wait until other files have released a file descriptor."""
        attempts.without_descriptor += 1
        if self._others_progress(attempts):
            attempts.without_descriptor = 0
        if attempts.without_descriptor > _OUT_OF_FILES_WAITS:
            raise GivenUpError(f"{error}: raise the limit (ulimit -n), or lower concurrency") from error
        self.counters.refused += 1
        await self.clock.sleep(_OUT_OF_FILES_WAIT_S * (0.5 + self.chance()))

    def _others_progress(self, attempts: _Attempts) -> bool:
        """Return whether the run has received any bytes since this file's last failure."""
        received, attempts.received_by_all = attempts.received_by_all, self.counters.bytes_done
        return self.counters.bytes_done > received


def _reported(error: BaseException) -> BaseException:
    """Return the error for hooks: one of the SDK, without links in its frames."""
    return DownloadError(str(error)) if isinstance(error, (AttemptError, GivenUpError)) else error


async def _fresh_url(link: Link) -> str:
    try:
        return await link.fresh()
    except LinkGoneError as gone:
        raise GivenUpError(f"the link has expired; {gone}") from gone
