"""Build a ZIP of photos and clips as a stream, in constant memory."""

from __future__ import annotations

import asyncio
import time
import zipfile
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing
from typing import Any, Final, Literal

import anyio
import anyio.lowlevel
from attrs import define, field, frozen

from ninepic_async._core.engine import Engine
from ninepic_async._support.defaults import MAX_FILE_BYTES
from ninepic_async._support.redact import mask_queries
from ninepic_async.download.names import distinct, folded
from ninepic_async.download.single import SingleFetcher, WholeFile, single_fetcher
from ninepic_async.download.source import Files, PhotoSource, SourceFile, UnsignedFile
from ninepic_async.errors import (
    AuthenticationError,
    DownloadError,
    NinePicError,
    PermissionDeniedError,
)
from ninepic_async.signing import IDS_PER_REQUEST

OnFailure = Literal["note", "raise"]

AHEAD: Final = 7
"""How many files are fetched ahead of the current one. Up to 2 MiB of each file are in memory."""
_CHUNK_BYTES: Final = 256 * 1024
_CLOSE_TIMEOUT_S: Final = 2.0
_MISSING: Final = "MISSING.txt"
_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2107


class _Sink:
    """The output file of `zipfile`. It buffers bytes until `drain` returns them.

    When an entry is complete, `zipfile` seeks back and writes its header again, with size and CRC. Here the
    first header already has both, so a write before the end is ignored.
    """

    def __init__(self) -> None:
        self._end = self._position = 0
        self._waiting = bytearray()

    def write(self, content: bytes) -> int:
        if self._position == self._end:
            self._waiting += content
            self._end += len(content)
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset
        return offset

    def flush(self) -> None: ...

    def drain(self) -> bytes:
        """Return the bytes that were written since the last call."""
        content = bytes(self._waiting)
        self._waiting.clear()
        return content


class _Entry(zipfile.ZipInfo):
    """An entry with size and CRC in its header. Both are computed before the content is written.

    Programs that read a ZIP as a stream, such as Java's, need this for entries that are not compressed.
    """

    __slots__ = ("known_crc", "known_size")

    known_crc: int
    known_size: int

    def FileHeader(self, zip64: bool | None = None) -> bytes:  # noqa: N802 (the name that zipfile calls)
        self.CRC = self.known_crc
        self.compress_size = self.file_size = self.known_size
        return super().FileHeader(zip64)


def _entry(name: str, size: int, crc: int, modified: float | None) -> _Entry:
    moment = time.gmtime(time.time() if modified is None else modified)
    date = (min(max(moment.tm_year, _FIRST_YEAR), _LAST_YEAR), *moment[1:6])
    entry = _Entry(name, date)
    entry.file_size = entry.known_size = size
    entry.known_crc = crc
    entry.external_attr = 0o100644 << 16
    return entry


@frozen
class _Fetching:
    """A file that is being fetched."""

    file: SourceFile
    task: asyncio.Task[WholeFile]


@define(eq=False)
class _FetchAhead:
    """Fetches the files of a source, some of them ahead. A single task reads the whole source."""

    _files: AsyncGenerator[SourceFile | UnsignedFile, None]
    _fetcher: SingleFetcher
    _queue: deque[_Fetching | UnsignedFile] = field(factory=deque)
    _free_slots: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AHEAD))
    _arrival: asyncio.Event = field(factory=asyncio.Event)
    _reading: asyncio.Task[None] | None = None

    async def next(self) -> _Fetching | UnsignedFile | None:
        """Wait until the next file is fetched, and return it. Return None at the end of the source.

        Raises:
            NinePicError: the source failed. Files that it yielded before are returned first.
        """
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
            self._reading.add_done_callback(lambda _: self._arrival.set())
        while not self._queue:
            if self._reading.done():
                self._reading.result()
                return None
            self._arrival.clear()
            await self._arrival.wait()
        first = self._queue[0]
        if isinstance(first, _Fetching):
            await asyncio.wait([first.task])
        self._queue.popleft()
        self._free_slots.release()
        return first

    async def _read(self) -> None:
        async with aclosing(self._files) as files:
            await self._free_slots.acquire()
            async for file in files:
                self._queue.append(self._fetching(file) if isinstance(file, SourceFile) else file)
                self._arrival.set()
                await self._free_slots.acquire()

    def _fetching(self, file: SourceFile) -> _Fetching:
        return _Fetching(file, asyncio.ensure_future(self._fetcher.fetch_file(file)))

    async def aclose(self) -> None:
        """Cancel the running tasks, and close the fetched files."""
        tasks: list[asyncio.Task[Any]] = [each.task for each in self._queue if isinstance(each, _Fetching)]
        if self._reading is not None:
            tasks.append(self._reading)
        self._queue.clear()
        for task in tasks:
            task.cancel()
        with anyio.move_on_after(_CLOSE_TIMEOUT_S, shield=True):
            for whole in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(whole, WholeFile):
                    whole.part.close()


class _Archive:
    """The ZIP that is being built."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w")  # type: ignore[call-overload]
        self._names = {folded(_MISSING)}
        self.missing: list[str] = []

    async def add(self, whole: WholeFile, key: str) -> AsyncGenerator[bytes, None]:
        """Add a file, and yield the bytes of its entry."""
        part = whole.part
        part.file.seek(0)
        crc = 0
        while chunk := part.file.read(_CHUNK_BYTES):
            crc = zlib.crc32(chunk, crc)
            await anyio.lowlevel.checkpoint()
        part.file.seek(0)
        entry = _entry(self._free_name(whole.name, key), part.size, crc, part.modified)
        with self._zip.open(entry, "w") as writer:
            while chunk := part.file.read(_CHUNK_BYTES):
                writer.write(chunk)
                yield self._sink.drain()
        yield self._sink.drain()

    def end(self) -> Iterator[bytes]:
        """Yield the list of missing files, if there are any, and the central directory."""
        if self.missing:
            content = "".join(f"{line}\n" for line in self.missing).encode("utf-8", "replace")
            self._zip.writestr(_entry(_MISSING, len(content), zlib.crc32(content), None), content)
        self._zip.close()
        yield self._sink.drain()

    def _free_name(self, wanted: str, key: str) -> str:
        name, length = wanted, 6
        while folded(name) in self._names:
            name = distinct(wanted, key[:length])
            length += 6
        self._names.add(folded(name))
        return name


async def zip_stream(
    engine: Engine, source: PhotoSource, batches: AsyncGenerator[Files, None], on_failure: OnFailure
) -> AsyncGenerator[bytes, None]:
    """Fetch files, and yield the bytes of a ZIP; see `Event.zip`."""
    archive = _Archive()
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(
            single_fetcher(engine, source.sign_ids, max_bytes=MAX_FILE_BYTES)
        )
        ahead = _FetchAhead(_files(source, batches, on_failure), fetcher)
        stack.push_async_callback(ahead.aclose)
        while (fetched := await ahead.next()) is not None:
            if isinstance(fetched, UnsignedFile):
                _record_missing(archive, on_failure, fetched.name, fetched.error)
                continue
            try:
                whole = fetched.task.result()
            except DownloadError as error:
                _record_missing(archive, on_failure, "", str(error))
                continue
            try:
                async with aclosing(archive.add(whole, fetched.file.key)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                whole.part.close()
    for chunk in archive.end():
        yield chunk


def _record_missing(archive: _Archive, on_failure: OnFailure, name: str, error: str) -> None:
    text = mask_queries(f"{name} can't be fetched: {error}" if name else error)
    if on_failure == "raise":
        raise DownloadError(f"the ZIP is not complete: {text}")
    archive.missing.append(" ".join(text.split()))


async def _files(
    source: PhotoSource, batches: AsyncGenerator[Files, None], on_failure: OnFailure
) -> AsyncGenerator[SourceFile | UnsignedFile, None]:
    """Yield the source's files with links, without duplicates."""
    seen: set[str] = set()
    async with aclosing(batches):
        async for batch in batches:
            new = list({file.key: file for file in batch if file.key not in seen}.values())
            seen.update(file.key for file in new)
            without = [file for file in new if isinstance(file, SourceFile) and file.url is None]
            for file in new:
                if not isinstance(file, SourceFile) or file.url is not None:
                    yield file
            for start in range(0, len(without), IDS_PER_REQUEST):
                for file in await _signed(source, without[start : start + IDS_PER_REQUEST], on_failure):
                    yield file


async def _signed(source: PhotoSource, files: list[SourceFile], on_failure: OnFailure) -> Files:
    """Sign links to originals. If a request fails, only its files are missing, unless the key was refused."""
    try:
        return await source.sign(files)
    except NinePicError as error:
        if on_failure == "raise" or isinstance(error, (AuthenticationError, PermissionDeniedError)):
            raise
        return [UnsignedFile(file.key, file.id, file.name, str(error)) for file in files]
