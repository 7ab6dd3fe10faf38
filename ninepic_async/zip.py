"""Make a ZIP of photos and clips while it is sent, in constant memory."""

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
"""Files that are fetched ahead of the one that is being sent. Up to 2 MiB of each are in memory."""
_CHUNK_BYTES: Final = 256 * 1024
_END_WITHIN_S: Final = 2.0
_MISSING: Final = "MISSING.txt"
_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2107


class _Sink:
    """Where `zipfile` writes to. It keeps what was not taken yet.

    Once an entry is complete, `zipfile` goes back and writes its header again, with size and CRC. Here the
    header had them from the start, so what is written before the end is dropped.
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

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


class _Entry(zipfile.ZipInfo):
    """An entry whose size and CRC are known before its content is written, so that its header has them.

    Programs that read a ZIP as it comes, such as Java's, need that of entries that are not compressed.
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
    """Reads the source and fetches its files, some of them ahead. One task reads the source, start to end."""

    _files: AsyncGenerator[SourceFile | UnsignedFile, None]
    _fetcher: SingleFetcher
    _coming: deque[_Fetching | UnsignedFile] = field(factory=deque)
    _room: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AHEAD))
    _arrival: asyncio.Event = field(factory=asyncio.Event)
    _reading: asyncio.Task[None] | None = None

    async def next(self) -> _Fetching | UnsignedFile | None:
        """Wait for the next file, whose task is done then; None at the end of the source.

        Raises:
            NinePicError: what the source raises after the files that it has given.
        """
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
            self._reading.add_done_callback(lambda _: self._arrival.set())
        while not self._coming:
            if self._reading.done():
                self._reading.result()
                return None
            self._arrival.clear()
            await self._arrival.wait()
        first = self._coming[0]
        if isinstance(first, _Fetching):
            await asyncio.wait([first.task])
        self._coming.popleft()
        self._room.release()
        return first

    async def _read(self) -> None:
        async with aclosing(self._files) as files:
            await self._room.acquire()
            async for file in files:
                self._coming.append(self._fetching(file) if isinstance(file, SourceFile) else file)
                self._arrival.set()
                await self._room.acquire()

    def _fetching(self, file: SourceFile) -> _Fetching:
        return _Fetching(file, asyncio.ensure_future(self._fetcher.fetch_file(file)))

    async def aclose(self) -> None:
        """Cancel what is under way, and close what was fetched."""
        tasks: list[asyncio.Task[Any]] = [each.task for each in self._coming if isinstance(each, _Fetching)]
        if self._reading is not None:
            tasks.append(self._reading)
        self._coming.clear()
        for task in tasks:
            task.cancel()
        with anyio.move_on_after(_END_WITHIN_S, shield=True):
            for whole in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(whole, WholeFile):
                    whole.part.close()


class _Archive:
    """The ZIP that is being made."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w")  # type: ignore[call-overload]
        self._names = {folded(_MISSING)}
        self.missing: list[str] = []

    async def add(self, whole: WholeFile, key: str) -> AsyncGenerator[bytes, None]:
        """Yield a file's entry."""
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
                yield self._sink.take()
        yield self._sink.take()

    def end(self) -> Iterator[bytes]:
        """Yield the list of what is missing, if anything is, and the directory."""
        if self.missing:
            content = "".join(f"{line}\n" for line in self.missing).encode("utf-8", "replace")
            self._zip.writestr(_entry(_MISSING, len(content), zlib.crc32(content), None), content)
        self._zip.close()
        yield self._sink.take()

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
    """Fetch files and yield a ZIP of them; see `Event.zip`."""
    archive = _Archive()
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(
            single_fetcher(engine, source.sign_ids, max_bytes=MAX_FILE_BYTES)
        )
        ahead = _FetchAhead(_files(source, batches, on_failure), fetcher)
        stack.push_async_callback(ahead.aclose)
        while (coming := await ahead.next()) is not None:
            if isinstance(coming, UnsignedFile):
                _missing(archive, on_failure, coming.name, coming.error)
                continue
            try:
                whole = coming.task.result()
            except DownloadError as error:
                _missing(archive, on_failure, "", str(error))
                continue
            try:
                async with aclosing(archive.add(whole, coming.file.key)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                whole.part.close()
    for chunk in archive.end():
        yield chunk


def _missing(archive: _Archive, on_failure: OnFailure, name: str, error: str) -> None:
    text = mask_queries(f"{name} can't be fetched: {error}" if name else error)
    if on_failure == "raise":
        raise DownloadError(f"the ZIP is not complete: {text}")
    archive.missing.append(" ".join(text.split()))


async def _files(
    source: PhotoSource, batches: AsyncGenerator[Files, None], on_failure: OnFailure
) -> AsyncGenerator[SourceFile | UnsignedFile, None]:
    """Yield the source's files, each once, with links."""
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
    """Sign links to originals. A request that fails costs only its own files, unless the key is refused."""
    try:
        return await source.sign(files)
    except NinePicError as error:
        if on_failure == "raise" or isinstance(error, (AuthenticationError, PermissionDeniedError)):
            raise
        return [UnsignedFile(file.key, file.id, file.name, str(error)) for file in files]
