"""Send one request for a file: check the reply, write its bytes, and check that the file is complete."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import aiohttp
from attrs import frozen

from ninepic_async import guesses
from ninepic_async._contract.messages import Reply, http_date_s, plain_headers, retry_after_s
from ninepic_async._core.retry import Failure
from ninepic_async._http.failures import describe, is_final
from ninepic_async._support.clock import Clock
from ninepic_async.download.decoding import NEEDED_BYTES, Inflater, UnknownCodingError, decoder_for
from ninepic_async.download.file_types import right_extension, unexpected_content
from ninepic_async.download.names import split
from ninepic_async.download.photo_host import NetworkError, PhotoHost
from ninepic_async.download.progress import Counters
from ninepic_async.download.store import OutOfFilesError, Part

_SLOWEST_BYTES: Final = 64 * 1024
_PATIENCE: Final = 3
"""The first byte of the content must arrive within this many times `stall_s`."""
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})")
_REFUSAL_BYTES: Final = 4096
_OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, *range(520, 531)})
"""Statuses of temporary errors, at photo hosts and at the CDNs in front of them."""
_FINAL: Final = Failure(final=True)


class AttemptError(Exception):
    """One request failed to fetch the file.

    Attributes:
        failure: the facts that decide whether to retry.
        status: the HTTP status, if there was a complete reply.
        link_refused: whether the host refused the link itself.
        throttled: whether the host asked for fewer requests.
    """

    def __init__(
        self,
        text: str,
        failure: Failure | None = None,
        *,
        status: int | None = None,
        link_refused: bool = False,
        throttled: bool = False,
    ) -> None:
        super().__init__(text)
        self.failure: Failure = failure or Failure()
        self.status = status
        self.link_refused = link_refused
        self.throttled = throttled


@frozen
class Arrived:
    """A complete file.

    Attributes:
        status: the HTTP status of the reply.
        extension: the file name extension that fits the content.
    """

    status: int
    extension: str


@frozen(kw_only=True)
class Requester:
    """Makes single requests for files, within limits of size and time.

    Attributes:
        max_bytes: the largest size of a file, in bytes.
        stall_s: the longest time in seconds in which a host may send nothing.
    """

    host: PhotoHost
    counters: Counters
    clock: Clock
    max_bytes: int
    stall_s: float

    async def fetch(self, url: str, part: Part, begun: Callable[[Part], None]) -> Arrived:
        """Fetch a file, or the rest of a file.

        Args:
            url: the link.
            part: the file to write.
            begun: called when a reply starts the file from its first byte.

        Raises:
            AttemptError: the attempt failed.
            OutOfFilesError: there was no file descriptor for the connection.
        """
        offset = part.resume_at
        headers = {}
        if offset is not None:
            headers = {"Range": f"bytes={offset}-", "If-Range": part.validator or ""}
        try:
            # The timeout also covers a host that sends only header bytes, which keep a connection alive.
            async with asyncio.timeout(_PATIENCE * self.stall_s) as deadline:
                reply = await self.host.open(url, headers)
                try:
                    await self._check_status(reply, part)
                    if reply.status == 206:
                        _resume(reply, part, offset)
                    else:
                        self._begin(reply, part, begun)
                    decoded = await self._copy(reply, part, deadline)
                finally:
                    # After a complete reply, the connection is in the pool already. Otherwise, close it.
                    reply.close()
        except NetworkError as error:
            if _errno(error) in _OUT_OF_FILES:
                raise OutOfFilesError(_described(error)) from error
            raise AttemptError(_described(error), Failure(final=is_final(error))) from error
        return Arrived(reply.status, await _checked(reply, part, decoded=decoded))

    async def _check_status(self, reply: aiohttp.ClientResponse, part: Part) -> None:
        status = reply.status
        if status in (200, 206):
            return
        if status == 416:
            part.restart(None, None)
            raise AttemptError("the host has no such part of the file", status=status)
        body = await self._read_refusal(reply)
        failure = Failure(
            final=status not in _RETRIED,
            retry_after_s=retry_after_s(Reply(status, plain_headers(reply.headers))),
        )
        refused = status in guesses.LINK_EXPIRED_STATUSES
        text = f"the host answered {status} {reply.reason or ''}".rstrip()
        if refused and any(word in body.lower() for word in guesses.LINK_EXPIRED_WORDS):
            text += ": the link has expired"
        throttled = status == 429 or (
            status == 503 and (failure.retry_after_s is not None or _asks_to_slow(body))
        )
        raise AttemptError(text, failure, status=status, link_refused=refused, throttled=throttled)

    async def _read_refusal(self, reply: aiohttp.ClientResponse) -> bytes:
        """Read the body of a refusal, if it is short. The connection can then be used again."""
        body = b""
        with suppress(*NetworkError):
            async with asyncio.timeout(self.stall_s):
                while len(body) < _REFUSAL_BYTES and (chunk := await reply.content.readany()):
                    body += chunk
        return body

    def _begin(self, reply: aiohttp.ClientResponse, part: Part, begun: Callable[[Part], None]) -> None:
        total = reply.content_length
        if total is not None and total > self.max_bytes:
            raise AttemptError(f"it has {total} bytes, more than max_bytes={self.max_bytes}", _FINAL)
        part.restart(total, _validator(reply))
        part.modified = http_date_s(reply.headers.get("Last-Modified", ""))
        self.counters.bytes_known += total or 0
        begun(part)

    async def _copy(self, reply: aiohttp.ClientResponse, part: Part, deadline: asyncio.Timeout) -> bool:
        """Write the body, and return whether it was compressed."""
        coding = reply.headers.get("Content-Encoding")
        inflater = None
        if coding is not None and part.size == 0:
            first = await _first(reply)
            self.counters.bytes_done += len(first)
            inflater = _inflater(coding, first, part)
            self._write(part, first, inflater)
        read, now, stall_s = reply.content.readany, self.clock.monotonic, self.stall_s
        time, is_complete = asyncio.get_running_loop().time, reply.content.is_eof
        check_at, received = now() + 2 * stall_s, 0
        while chunk := await read():
            if not is_complete():  # a small file arrives in one chunk, and needs no later deadline
                deadline.reschedule(time() + stall_s)
            self._write(part, chunk, inflater)
            self.counters.bytes_done += len(chunk)
            received += len(chunk)
            if now() >= check_at:
                if received < _SLOWEST_BYTES:
                    raise AttemptError(f"too slow: under 64 KiB in {2 * stall_s:g} s")
                check_at, received = now() + 2 * stall_s, 0
        if inflater is not None and not inflater.complete:
            raise AttemptError("the compressed data ended too early")
        return inflater is not None

    def _write(self, part: Part, chunk: bytes, inflater: Inflater | None) -> None:
        for decoded in (chunk,) if inflater is None else inflater.decode(chunk):
            part.write(decoded)
            if part.size > self.max_bytes:
                raise AttemptError(f"it has more than max_bytes={self.max_bytes} bytes", _FINAL)


async def _first(reply: aiohttp.ClientResponse) -> bytes:
    """Read the first bytes of the body, as many as `decoder_for` needs."""
    first = b""
    while len(first) < NEEDED_BYTES and (chunk := await reply.content.readany()):
        first += chunk
    return first


def _inflater(coding: str, first: bytes, part: Part) -> Inflater | None:
    try:
        inflater = decoder_for(coding, first)
    except UnknownCodingError as error:
        raise AttemptError(str(error), _FINAL) from error
    if inflater is not None:
        # The host's length and ranges count compressed bytes, so they do not apply to this file.
        part.restart(None, None)
    return inflater


def _resume(reply: aiohttp.ClientResponse, part: Part, offset: int | None) -> None:
    """Resume the file, if the reply is the rest of the same version of it."""
    match = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
    received = tuple(map(int, match.groups())) if match is not None else None
    version = reply.headers.get("ETag" if (part.validator or "").endswith('"') else "Last-Modified")
    if offset is None or received != (offset, part.total) or version != part.validator:
        part.restart(None, None)
        raise AttemptError("the host sent another part of the file than the missing one")
    part.resume(offset)
    part.modified = http_date_s(reply.headers.get("Last-Modified", ""))


async def _checked(reply: aiohttp.ClientResponse, part: Part, *, decoded: bool) -> str:
    """Check that the file is complete, and is a photo or video. Return the extension that fits it."""
    extension = split(part.name)[1]
    if part.total is not None and part.size != part.total:
        raise AttemptError(f"only {part.size} of {part.total} bytes arrived")
    head = part.head() if part.size else b""
    right = right_extension(extension, head)
    if right is None:
        part.restart(None, None)
        content_type = reply.headers.get("Content-Type", "")
        raise AttemptError(unexpected_content(extension, head, content_type), _FINAL)
    if part.total is None and not decoded:
        await _check_end(reply, part)
    return right


async def _check_end(reply: aiohttp.ClientResponse, part: Part) -> None:
    """Check a file's content, because the host did not send its length."""
    whole = await part.is_whole()
    if whole is None and "chunked" not in reply.headers.get("Transfer-Encoding", "").casefold():
        raise AttemptError("the host did not send the file's length, so the file may be incomplete")
    if whole is False:
        raise AttemptError("the file is incomplete, and the host did not send its length")


def _asks_to_slow(body: bytes) -> bool:
    """Return whether the body is an object store's ``SlowDown``, and not the error of a host that is down."""
    text = body.lower()
    return b"slowdown" in text or b"throttl" in text or b"request rate" in text


def _validator(reply: aiohttp.ClientResponse) -> str | None:
    """Return a value for ``If-Range``: a strong ETag, or a date."""
    if "bytes" not in reply.headers.get("Accept-Ranges", "bytes"):
        return None
    tag = reply.headers.get("ETag")
    if tag is not None:
        return tag if tag.startswith('"') and tag.endswith('"') else None
    return reply.headers.get("Last-Modified")


def _errno(error: BaseException) -> int | None:
    number = getattr(error, "errno", None)
    return number if isinstance(number, int) else None


def _described(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the host sent nothing for too long"
    return describe(error)
