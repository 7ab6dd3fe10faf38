"""One bulk fetch: the source is read beside a fixed set of workers, and everything ends together."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing, nullcontext
from typing import Final, Literal

import anyio
import anyio.to_thread
from attrs import define, field, frozen

from ninepic_async._core.engine import Engine
from ninepic_async._core.throttle import Throttle
from ninepic_async.download import concurrency as adapt
from ninepic_async.download.fetch import Fetcher, GivenUpError, Job
from ninepic_async.download.finish import Settler
from ninepic_async.download.known_files import Index
from ninepic_async.download.photo_host import PhotoHost
from ninepic_async.download.progress import Meter, Teller
from ninepic_async.download.report import DownloadProgress, DownloadReport
from ninepic_async.download.source import Plan, Unsigned, Wanted
from ninepic_async.download.target_folder import Folder
from ninepic_async.errors import DownloadError, InvalidInputError

STALL_S: Final = 30.0
MAX_BYTES: Final = 1024**3
Concurrency = int | Literal["auto"]
OnProgress = Callable[[DownloadProgress], object]
Jobs = asyncio.Queue[Job | None]
"""What is to be fetched next; at the end, a None for each worker."""


@frozen(kw_only=True)
class Settings:
    """How a bulk fetch goes about it."""

    concurrency: Concurrency = field(default=16)
    max_bytes: int = field(default=MAX_BYTES)
    on_progress: OnProgress | None = field(default=None)
    stall_s: float = STALL_S

    def __attrs_post_init__(self) -> None:
        if self.concurrency != "auto" and (type(self.concurrency) is not int or self.concurrency < 1):
            raise InvalidInputError(
                f"concurrency={self.concurrency!r}: give a whole number from 1, or 'auto'"
            )
        if type(self.max_bytes) is not int or self.max_bytes < 1:
            raise InvalidInputError(f"max_bytes={self.max_bytes!r}: give a whole number from 1")
        check_on_progress(self.on_progress)

    @property
    def workers(self) -> int:
        """How many files at once, at most."""
        return adapt.MOST if self.concurrency == "auto" else self.concurrency


def check_on_progress(on_progress: object) -> None:
    """See that it can be called.

    Raises:
        InvalidInputError: it can't, or what it gives would have to be awaited.
    """
    if on_progress is not None and not callable(on_progress):
        raise InvalidInputError(f"on_progress={on_progress!r}: give a function of one argument")
    if any(map(inspect.iscoroutinefunction, (on_progress, type(on_progress).__call__))):
        raise InvalidInputError("on_progress is a coroutine function, which nobody would await: use def")


async def run(plan: Plan, to: str | os.PathLike[str], engine: Engine, settings: Settings) -> DownloadReport:
    """Fetch what a plan wants into a folder.

    Raises:
        DownloadError: the folder can't be written to (any more), or another run is at work on it.
        NinePicError: what the source raises; what it gave before that is fetched first.
    """
    meter = Meter()
    async with AsyncExitStack() as stack:
        wanted = await stack.enter_async_context(aclosing(plan.wanted()))
        folder = stack.enter_context(Folder(to))
        index = Index()
        stack.callback(index.close)
        await index.load(folder.rows())
        crew = _Crew(folder, index, meter, engine, settings)
        teller = None
        if settings.on_progress is not None:
            teller = Teller(meter, settings.on_progress, engine.clock)
        await crew.work(wanted, teller)
        crew.check()
        await anyio.to_thread.run_sync(folder.sync)
        if teller is not None:
            await teller.end()
    if crew.source_error is not None:
        raise crew.source_error
    return meter.report()


@define(eq=False)
class _Crew:
    """The tasks of one run, and the streams between them."""

    folder: Folder
    index: Index
    meter: Meter
    engine: Engine
    settings: Settings
    source_error: Exception | None = None
    is_read: bool = False
    """Whether the source came to its end, be it an error."""

    async def work(self, wanted: AsyncGenerator[Wanted | Unsigned, None], teller: Teller | None) -> None:
        """Do it all; the first error ends it all."""
        limiter = anyio.CapacityLimiter(adapt.START) if self.settings.concurrency == "auto" else None
        try:
            async with PhotoHost(self.engine.network) as host, anyio.create_task_group() as beside:
                if teller is not None:
                    beside.start_soon(teller.run)
                if limiter is not None:
                    beside.start_soon(self._steer, limiter)
                await self._fetch_all(wanted, self._fetcher(host, limiter))
                beside.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            error = _first(group)
            raise error from error.__cause__

    def check(self) -> None:
        """See that each photo of the source was fetched, skipped or given up.

        Raises:
            DownloadError: one of the tasks was cancelled alone, which ends the others without an error.
        """
        meter = self.meter
        if not self.is_read or meter.known != meter.done + meter.skipped + len(meter.failed):
            raise DownloadError(
                f"the download into {self.folder.path} was cut short: something cancelled a part of it, such "
                "as a timeout that the source holds while it yields. Run again to go on."
            )

    def _fetcher(self, host: PhotoHost, limiter: anyio.CapacityLimiter | None) -> Fetcher:
        engine, settings = self.engine, self.settings
        return Fetcher(
            host=host,
            folder=self.folder,
            lane=nullcontext() if limiter is None else limiter,
            throttle=Throttle(settings.workers, None, engine.clock),
            meter=self.meter,
            retry=engine.retry,
            clock=engine.clock,
            chance=engine.chance,
            max_bytes=settings.max_bytes,
            stall_s=settings.stall_s,
        )

    async def _fetch_all(self, wanted: AsyncGenerator[Wanted | Unsigned, None], fetcher: Fetcher) -> None:
        settler = Settler(self.folder, self.meter)
        jobs: Jobs = asyncio.Queue(self.settings.workers)
        try:
            async with anyio.create_task_group() as beside:
                beside.start_soon(settler.run)
                async with anyio.create_task_group() as crew:
                    crew.start_soon(self._read, wanted, settler, jobs, crew.cancel_scope)
                    for _ in range(self.settings.workers):
                        crew.start_soon(_worker, jobs, fetcher, settler)
                await settler.end()
        finally:
            settler.close_left()

    async def _read(
        self,
        wanted: AsyncGenerator[Wanted | Unsigned, None],
        settler: Settler,
        jobs: Jobs,
        crew: anyio.CancelScope,
    ) -> None:
        """Give out the source's photos, all in one task: the source may be a generator of the user's."""
        try:
            while (photo := await self._next(wanted)) is not None:
                job = self._job(photo, settler)
                if job is not None:
                    await jobs.put(job)
            self.is_read = True
            for _ in range(self.settings.workers):
                await jobs.put(None)
        finally:
            if not self.is_read:  # such as by a timeout that the source holds while it yields
                crew.cancel()
                await wanted.aclose()  # here, as such a timeout can be left by the task alone that entered it

    async def _next(self, wanted: AsyncGenerator[Wanted | Unsigned, None]) -> Wanted | Unsigned | None:
        try:
            return await anext(wanted, None)
        except Exception as error:
            self.source_error = error
            return None

    def _job(self, photo: Wanted | Unsigned, settler: Settler) -> Job | None:
        if isinstance(photo, Unsigned):
            # Met under its key, so that it takes no file's name.
            if self.index.meet(photo.key, photo.id, photo.key) is not None:
                self.meter.known += 1
                settler.unsigned(photo)
            return None
        row = self.index.meet(photo.key, photo.id, photo.name)
        if row is None:
            return None
        self.meter.known += 1
        if row.state == "done" and self.folder.size(row.name) == row.bytes:
            photo.link.settled = True
            self.meter.skipped += 1
            return None
        return Job(photo.key, photo.id, row.name, photo.link, row)

    async def _steer(self, limiter: anyio.CapacityLimiter) -> None:
        adapter, meter, clock = adapt.Adapter(), self.meter, self.engine.clock
        then, received, throttled = clock.monotonic(), meter.bytes_done, meter.throttled
        while True:
            await clock.sleep(adapt.WINDOW_S)
            now = clock.monotonic()
            rate, refused = (meter.bytes_done - received) / (now - then), meter.throttled - throttled
            then, received, throttled = now, meter.bytes_done, meter.throttled
            # Without enough to do, or while the gate is closed, a window tells nothing about the setting.
            if refused or (rate > 0 and limiter.available_tokens <= 0):
                limiter.total_tokens = adapter.observe(rate, refused)


async def _worker(jobs: Jobs, fetcher: Fetcher, settler: Settler) -> None:
    while (job := await jobs.get()) is not None:
        try:
            part = await fetcher.fetch(job)
        except GivenUpError as error:
            settler.given_up(job, error)
        else:
            await settler.take(job, part)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the error that tells most of those that came together."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        if isinstance(error, BaseExceptionGroup):
            pending += error.exceptions
        else:
            leaves.append(error)
    return next((leaf for leaf in leaves if isinstance(leaf, DownloadError)), leaves[0])
