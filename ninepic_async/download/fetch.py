"""One file: ask, write, go on where it broke off, begin anew where it changed, until it is whole."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final

import aiohttp
from attrs import define, field, frozen

from ninepic_async import guesses
from ninepic_async._contract.messages import Reply, plain_headers, retry_after_s
from ninepic_async._core.retry import Failure, RetryPolicy, wait_before_retry
from ninepic_async._core.throttle import Throttle
from ninepic_async._http.failures import describe, is_final
from ninepic_async._support.clock import Clock
from ninepic_async.download.content_check import ends_whole, wrong_content
from ninepic_async.download.journal import Row
from ninepic_async.download.links import Link, LinkGoneError
from ninepic_async.download.names import split
from ninepic_async.download.partial_file import RESUME_FROM_BYTES, Part
from ninepic_async.download.photo_host import LinkError, NetworkError, PhotoHost
from ninepic_async.download.progress import Meter
from ninepic_async.download.target_folder import Folder, UnwritableError

LONGEST_WAIT_S: Final = 60.0
"""A host that says "come back tomorrow" is asked again after this; the file fails if it means it."""
MOST_RENEWALS: Final = 3
"""How often a link is signed again without a byte coming of it."""
_SLOWEST_BYTES: Final = 64 * 1024
_PATIENCE: Final = 3
"""So many times `stall_s` a host has for the beginning of a reply."""
_THROTTLED: Final = frozenset({429, 503})
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})")
_EXCERPT_BYTES: Final = 4096


class GivenUpError(Exception):
    """A photo can't be had now, for the reason given.

    Attributes:
        part: what there is of it, closed, if it was begun.
    """

    def __init__(self, text: str, part: Part | None = None) -> None:
        super().__init__(text)
        self.part = part


class _AttemptError(Exception):
    def __init__(self, text: str, failure: Failure | None = None, *, expired: bool = False) -> None:
        super().__init__(text)
        self.failure = failure or Failure()
        self.expired = expired


_FINAL: Final = Failure(final=True)


@frozen
class Job:
    """One photo to fetch.

    Attributes:
        key: by which the journal knows it.
        id: the photo's.
        name: of its file.
        link: where it is to be had.
        begun: what an earlier run noted of the file last.
    """

    key: str
    id: str
    name: str
    link: Link
    begun: Row | None = None


@define(eq=False)
class _Tries:
    """How often one file has been tried since it last got further."""

    failed: int = 0
    renewals: int = 0
    furthest: int = 0
    received_by_all: int = 0
    """Bytes that the whole run had received when this file failed last."""

    def count(self, part: Part) -> None:
        self.failed += 1
        if part.resume_at is not None and part.size >= self.furthest + RESUME_FROM_BYTES:
            self.furthest = part.size
            self.failed, self.renewals = 1, 0


@frozen(kw_only=True)
class Fetcher:
    """Fetches files into a folder. ``lane`` and ``gate`` are passed for each request."""

    host: PhotoHost
    folder: Folder
    lane: AbstractAsyncContextManager[object]
    throttle: Throttle
    meter: Meter
    retry: RetryPolicy
    clock: Clock
    chance: Callable[[], float] = field(repr=False)
    max_bytes: int
    stall_s: float

    async def fetch(self, job: Job) -> Part:
        """Fetch one file whole. The caller settles it, and gives it its name.

        Raises:
            GivenUpError: it can't be had.
            DownloadError: nothing can be written any more.
        """
        part = None
        try:
            part = Part(self.folder, job.name, job.begun)
            await self._until_whole(job, part)
        except (GivenUpError, LinkGoneError, LinkError, UnwritableError) as error:
            raise GivenUpError(str(error), part) from error
        else:
            whole, part = part, None
            return whole
        finally:
            if part is not None:
                part.close()

    async def _until_whole(self, job: Job, part: Part) -> None:
        tries = _Tries(received_by_all=self.meter.bytes_done)
        while True:
            url = await job.link.fresh()
            renewals = job.link.renewals
            try:
                async with self.lane, self.throttle.slot(math.inf):
                    await self._attempt(job, part, url)
                return
            except _AttemptError as error:
                tries.count(part)
                if error.expired and tries.renewals < MOST_RENEWALS:
                    tries.renewals += 1
                    tries.failed -= 1
                    await job.link.renew(renewals)
                else:
                    await self._before_retry(error, tries)

    async def _before_retry(self, error: _AttemptError, tries: _Tries) -> None:
        status = error.failure.status
        throttled = status in _THROTTLED
        received, tries.received_by_all = tries.received_by_all, self.meter.bytes_done
        if throttled and self.meter.bytes_done > received:
            # The host is busy with our other files: waiting for a turn is no failure.
            tries.failed = max(1, tries.failed - 1)
        wait = wait_before_retry(
            self.retry, tries.failed, error.failure, replayable=True, chance=self.chance()
        )
        if throttled or (status is None and not error.failure.final):
            self.meter.throttled += 1
        if status == 429 or (throttled and error.failure.retry_after_s is not None):
            self.throttle.throttled(self.clock.monotonic(), self.retry.initial_s if wait is None else wait)
        if wait is None:
            tried = f" (tried {tries.failed} times)" if tries.failed > 1 else ""
            raise GivenUpError(f"{error}{tried}") from error
        await self.clock.sleep(min(wait, LONGEST_WAIT_S))

    async def _attempt(self, job: Job, part: Part, url: str) -> None:
        offset = part.resume_at
        headers = {}
        if offset is not None:
            headers = {"Range": f"bytes={offset}-", "If-Range": part.validator or ""}
        try:
            # What comes may all be header, or a chunk's: bytes that keep the connection alive, and no photo.
            async with asyncio.timeout(_PATIENCE * self.stall_s) as patience:
                reply = await self.host.open(url, headers)
                try:
                    await self._check_status(reply, job, part)
                    if reply.status == 206:
                        self._go_on(reply, part, offset)
                    else:
                        self._begin(reply, job, part)
                    await self._copy(reply, part, patience)
                finally:
                    # A reply read to its end has given its connection back by now; any other is cut here.
                    reply.close()
        except NetworkError as error:
            raise _AttemptError(_words(error), Failure(final=is_final(error))) from error
        self._check_whole(reply, job, part)

    async def _check_status(self, reply: aiohttp.ClientResponse, job: Job, part: Part) -> None:
        if reply.status in (200, 206):
            coding = reply.headers.get("Content-Encoding", "identity").casefold()
            if coding not in ("", "identity"):
                raise _AttemptError(f"the host encodes what it was asked to send as it is ({coding})", _FINAL)
            return
        if reply.status == 416:
            part.begin_anew(None, None)
            raise _AttemptError("the host has no such part of the file")
        body = await self._beginning(reply)
        asked = retry_after_s(Reply(reply.status, plain_headers(reply.headers)))
        failure = Failure(status=reply.status, retry_after_s=asked)
        expired = reply.status in guesses.LINK_EXPIRED_STATUSES and (
            any(word in body.lower() for word in guesses.LINK_EXPIRED_WORDS) or job.link.over
        )
        text = f"the host answered {reply.status} {reply.reason or ''}".rstrip()
        raise _AttemptError(text + (": the link has expired" if expired else ""), failure, expired=expired)

    async def _beginning(self, reply: aiohttp.ClientResponse) -> bytes:
        """Read what a refusal says, as far as it comes."""
        body = b""
        with suppress(*NetworkError):
            async with asyncio.timeout(self.stall_s):
                while len(body) < _EXCERPT_BYTES and (chunk := await reply.content.readany()):
                    body += chunk
        return body

    def _go_on(self, reply: aiohttp.ClientResponse, part: Part, offset: int | None) -> None:
        """Take up the file where it broke off, if this is its rest beyond doubt."""
        found = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
        place = tuple(map(int, found.groups())) if found is not None else None
        mark = reply.headers.get("ETag" if (part.validator or "").endswith('"') else "Last-Modified")
        if offset is None or place != (offset, part.total) or mark != part.validator:
            part.begin_anew(None, None)
            raise _AttemptError("the host sent another part than the one that was missing")
        part.go_on_at(offset)

    def _begin(self, reply: aiohttp.ClientResponse, job: Job, part: Part) -> None:
        total = reply.content_length
        if total is not None and total > self.max_bytes:
            raise _AttemptError(f"it has {total} bytes, more than max_bytes={self.max_bytes}", _FINAL)
        part.begin_anew(total, _validator(reply))
        self.meter.bytes_known += total or 0
        if total is not None and total >= 2 * RESUME_FROM_BYTES and part.validator is not None:
            row = Row(
                key=job.key, id=job.id, name=job.name, state="started", bytes=total, validator=part.validator
            )
            self.folder.note(row)

    async def _copy(self, reply: aiohttp.ClientResponse, part: Part, patience: asyncio.Timeout) -> None:
        read, write = reply.content.readany, part.write
        meter, most, now = self.meter, self.max_bytes, self.clock.monotonic
        stall_s, time = self.stall_s, asyncio.get_running_loop().time
        has_come = reply.content.is_eof
        judged_at, judged_size = now() + 2 * stall_s, part.size
        while chunk := await read():
            if not has_come():  # a small file has, and there is nothing to wait for
                patience.reschedule(time() + stall_s)
            write(chunk)
            meter.bytes_done += len(chunk)
            if part.size > most:
                raise _AttemptError(f"it has more than max_bytes={most} bytes", _FINAL)
            if now() >= judged_at:
                if part.size - judged_size < _SLOWEST_BYTES:
                    raise _AttemptError(f"it came to a trickle for {2 * stall_s:g} s")
                judged_at, judged_size = now() + 2 * stall_s, part.size

    def _check_whole(self, reply: aiohttp.ClientResponse, job: Job, part: Part) -> None:
        extension = split(job.name)[1]
        if part.total is not None and part.size != part.total:
            raise _AttemptError(f"{part.size} of {part.total} bytes came")
        wrong = wrong_content(extension, part.head(), reply.headers.get("Content-Type", ""))
        if wrong is not None:
            part.begin_anew(None, None)
            raise _AttemptError(wrong, _FINAL)
        chunked = "chunked" in reply.headers.get("Transfer-Encoding", "").casefold()
        if part.total is None and not chunked and not ends_whole(extension, part.tail()):
            raise _AttemptError("the host did not tell its length, so nobody can tell whether it is whole")


def _validator(reply: aiohttp.ClientResponse) -> str | None:
    """Give what can stand in ``If-Range``: a strong ETag, else a date."""
    if "bytes" not in reply.headers.get("Accept-Ranges", "bytes"):
        return None
    tag = reply.headers.get("ETag")
    if tag is not None:
        return tag if tag.startswith('"') and tag.endswith('"') else None
    return reply.headers.get("Last-Modified")


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no byte came for too long"
    return describe(error)
