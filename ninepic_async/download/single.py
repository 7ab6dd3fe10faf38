"""Fetch single files into memory or a temporary file, with the checks and retries of a download."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Final, cast

from attrs import frozen

from ninepic_async._core.engine import Engine
from ninepic_async._core.throttle import Throttle
from ninepic_async.download.attempt import Requester
from ninepic_async.download.fetch import Fetcher, GivenUpError
from ninepic_async.download.job import FetchJob
from ninepic_async.download.journal import Row
from ninepic_async.download.partial_file import TemporaryPart
from ninepic_async.download.photo_host import PhotoHost
from ninepic_async.download.progress import Counters
from ninepic_async.download.settings import STALL_S, check_max_bytes
from ninepic_async.download.source import (
    Item,
    PhotoSource,
    Rendition,
    SignIds,
    SourceFile,
    UnsignedFile,
    check_rendition,
)
from ninepic_async.download.store import Part
from ninepic_async.errors import DownloadError

_CHUNK_BYTES: Final = 256 * 1024
_MOST_AT_ONCE: Final = 64


class _Temporary:
    """Keeps partial files in memory or on the temporary disk; see `Parts`."""

    def open_part(self, name: str, previous: Row | None) -> TemporaryPart:
        return TemporaryPart(name)

    def begun(self, job: FetchJob, part: Part) -> None: ...


@frozen
class WholeFile:
    """A complete file, and the name that fits its content. Close its part when it is no longer needed."""

    name: str
    part: TemporaryPart


@frozen
class SingleFetcher:
    """Fetches single files over shared connections."""

    _sign: SignIds
    _fetcher: Fetcher

    async def fetch(self, item: Item, rendition: Rendition) -> WholeFile:
        """Fetch one photo, original or clip.

        Raises:
            InvalidInputError: the item is not a photo, original or clip.
            DownloadError: it can't be fetched. The message says why.
            NinePicError: a link to an original can't be signed.
        """
        source = PhotoSource([item], rendition, self._sign)
        (file,) = [file async for files in source.batches() for file in files]
        if isinstance(file, SourceFile) and file.url is None:
            (file,) = cast("Sequence[SourceFile | UnsignedFile]", await source.sign([file]))
        if isinstance(file, UnsignedFile):
            raise DownloadError(f"{file.name} can't be fetched: {file.error}")
        return await self.fetch_file(file)

    async def fetch_file(self, file: SourceFile) -> WholeFile:
        """Fetch a file by its link.

        Raises:
            DownloadError: it can't be fetched. The message says why.
        """
        try:
            fetched = await self._fetcher.fetch(FetchJob(file.key, file.id, file.name, file.link()))
        except GivenUpError as error:
            raise DownloadError(f"{file.name} can't be fetched: {error}") from error
        return WholeFile(fetched.name, cast(TemporaryPart, fetched.part))


@asynccontextmanager
async def single_fetcher(
    engine: Engine, sign: SignIds, *, max_bytes: int, stall_s: float = STALL_S
) -> AsyncIterator[SingleFetcher]:
    """Open connections to photo hosts for fetching single files.

    Args:
        engine: has the retry policy, the clock and the network settings.
        sign: signs links to originals.
        max_bytes: the largest size of a file, in bytes.
        stall_s: the longest time in seconds in which a host may send nothing.
    """
    counters = Counters()
    async with PhotoHost(engine.network) as host:
        requester = Requester(
            host=host,
            counters=counters,
            clock=engine.clock,
            max_bytes=check_max_bytes(max_bytes),
            stall_s=stall_s,
        )
        fetcher = Fetcher(
            requester=requester,
            parts=_Temporary(),
            lane=nullcontext(),
            throttle=Throttle(_MOST_AT_ONCE, None, engine.clock),
            counters=counters,
            retry=engine.retry,
            clock=engine.clock,
            chance=engine.chance,
            hooks=engine.hooks,
        )
        yield SingleFetcher(sign, fetcher)


async def read(engine: Engine, sign: SignIds, item: Item, rendition: Rendition, max_bytes: int) -> bytes:
    """Fetch one file into memory; see `Event.read`."""
    check_rendition(rendition)
    async with single_fetcher(engine, sign, max_bytes=max_bytes) as fetcher:
        whole = await fetcher.fetch(item, rendition)
        with whole.part.file as file:
            file.seek(0)
            return file.read()


async def stream(
    engine: Engine, sign: SignIds, item: Item, rendition: Rendition, max_bytes: int
) -> AsyncGenerator[bytes, None]:
    """Fetch one file, and yield it in chunks; see `Event.stream`."""
    async with single_fetcher(engine, sign, max_bytes=max_bytes) as fetcher:
        whole = await fetcher.fetch(item, rendition)
    with whole.part.file as file:
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
