"""Run a download: read the source and fetch its files with a fixed number of workers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, AsyncExitStack, aclosing, nullcontext

import anyio
from attrs import define, field

from ninepic_async._core.engine import Engine
from ninepic_async._core.throttle import Throttle
from ninepic_async._support.arguments import folder as check_folder
from ninepic_async.download import concurrency as adaptive
from ninepic_async.download.attempt import Requester
from ninepic_async.download.event_facts import facts_of
from ninepic_async.download.fetch import Fetcher, GivenUpError
from ninepic_async.download.finish import Finisher
from ninepic_async.download.job import FetchJob
from ninepic_async.download.known_files import KnownFiles
from ninepic_async.download.photo_host import PhotoHost
from ninepic_async.download.planning import Planner
from ninepic_async.download.progress import Counters, ProgressReporter
from ninepic_async.download.report import DownloadReport, StoredFiles
from ninepic_async.download.settings import Settings
from ninepic_async.download.source import Files, PhotoSource, Rendition, SignIds, Source, check_rendition
from ninepic_async.download.store import Store
from ninepic_async.download.target_folder import Folder
from ninepic_async.errors import DownloadError

Jobs = asyncio.Queue[FetchJob | None]
"""The files to fetch next, and at the end a None for each worker."""


async def download(
    engine: Engine,
    sign: SignIds,
    source: Source,
    to: str | os.PathLike[str],
    rendition: Rendition,
    settings: Settings,
) -> DownloadReport:
    """Fetch a source into a folder; see `Event.download`."""
    check_rendition(rendition)
    path = check_folder(to, "to")
    return await run(PhotoSource(source, rendition, sign), path, engine, settings)


async def run(
    source: PhotoSource, to: str | os.PathLike[str], engine: Engine, settings: Settings
) -> DownloadReport:
    """Fetch a source into a folder.

    Raises:
        DownloadError: the folder is not writable, or another run uses it.
        NinePicError: an error of the source. The items before the error are fetched first.
    """
    folder = Folder(to)
    return _report(await run_into(folder, source, engine, settings), folder)


async def run_into(
    place: AbstractContextManager[Store],
    source: PhotoSource,
    engine: Engine,
    settings: Settings,
    counters: Counters | None = None,
) -> Counters:
    """Fetch a source into a store. The store is opened after the source was checked.

    Args:
        place: the store.
        source: what to fetch.
        engine: signs links.
        settings: how to fetch.
        counters: the counters of the run. The caller may read them during the run.

    Raises:
        DownloadError: the store is not writable, or another run uses it.
        NinePicError: an error of the source. The items before the error are fetched first.
    """
    counters = Counters() if counters is None else counters
    async with AsyncExitStack() as stack:
        batches = await stack.enter_async_context(aclosing(source.batches()))
        store = stack.enter_context(place)
        known = KnownFiles(store.rows)
        stack.callback(known.close)
        tasks = _Tasks(source, store, known, counters, engine, settings)
        reporter = None
        if settings.on_progress is not None:
            reporter = ProgressReporter(counters, tasks.throttle, settings.on_progress, engine.clock)
        await tasks.work(batches, reporter)
        tasks.check()
        await store.sync()
        if reporter is not None:
            await reporter.end()
    if tasks.source_error is not None:
        raise tasks.source_error
    return counters


def _report(counters: Counters, folder: Folder) -> DownloadReport:
    return DownloadReport(
        done=counters.done,
        skipped=counters.skipped,
        failed=tuple(counters.failed),
        bytes=counters.bytes_stored,
        stored=StoredFiles(folder.path, counters.stored),
    )


@define(eq=False)
class _Tasks:
    """The tasks of one run, and the queues between them."""

    source: PhotoSource
    store: Store
    known: KnownFiles
    counters: Counters
    engine: Engine
    settings: Settings
    workers: int = field(init=False)
    throttle: Throttle = field(init=False)
    source_error: Exception | None = None
    is_read: bool = False
    """Whether the source was read to its end or to an error."""

    def __attrs_post_init__(self) -> None:
        self.workers = self.settings.workers
        self.throttle = Throttle(self.workers, None, self.engine.clock)

    async def work(self, batches: AsyncGenerator[Files, None], reporter: ProgressReporter | None) -> None:
        """Run all tasks. The first error cancels the others."""
        start = min(adaptive.START, self.workers)
        limiter = anyio.CapacityLimiter(start) if self.settings.concurrency == "auto" else None
        try:
            async with PhotoHost(self.engine.network) as host, anyio.create_task_group() as helpers:
                if reporter is not None:
                    helpers.start_soon(reporter.run)
                if limiter is not None:
                    helpers.start_soon(self._adapt, limiter)
                await self._fetch_all(batches, self._fetcher(host, limiter))
                helpers.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            error = _most_important(group)
            raise error from error.__cause__

    def check(self) -> None:
        """Check that each photo of the source was fetched, skipped or given up.

        Raises:
            DownloadError: one of the tasks was cancelled, which ends the others without an error.
        """
        counters = self.counters
        if not self.is_read or counters.known != counters.done + counters.skipped + len(counters.failed):
            raise DownloadError(
                f"the download into {self.store.place} was cut short: one of its tasks was cancelled, for "
                "example by a timeout around a yield in the source. Run again to resume."
            )

    def _fetcher(self, host: PhotoHost, limiter: anyio.CapacityLimiter | None) -> Fetcher:
        engine, settings = self.engine, self.settings
        requester = Requester(
            host=host,
            counters=self.counters,
            clock=engine.clock,
            max_bytes=settings.max_bytes,
            stall_s=settings.stall_s,
        )
        return Fetcher(
            requester=requester,
            parts=self.store,
            lane=nullcontext() if limiter is None else limiter,
            throttle=self.throttle,
            counters=self.counters,
            retry=engine.retry,
            clock=engine.clock,
            chance=engine.chance,
            hooks=engine.hooks,
        )

    async def _fetch_all(self, batches: AsyncGenerator[Files, None], fetcher: Fetcher) -> None:
        finisher = Finisher(
            store=self.store,
            known=self.known,
            counters=self.counters,
            clock=self.engine.clock,
            facts=facts_of(self.source.source),
            most_waiting=self.settings.waiting(self.workers),
        )
        jobs: Jobs = asyncio.Queue(self.workers)
        try:
            async with anyio.create_task_group() as outer:
                outer.start_soon(finisher.run)
                async with anyio.create_task_group() as workers:
                    workers.start_soon(self._read, batches, finisher, jobs, workers.cancel_scope)
                    for _ in range(self.workers):
                        workers.start_soon(_worker, jobs, fetcher, finisher)
                await finisher.end()
        finally:
            finisher.close_waiting()

    async def _read(
        self,
        batches: AsyncGenerator[Files, None],
        finisher: Finisher,
        jobs: Jobs,
        workers: anyio.CancelScope,
    ) -> None:
        """Read the source. Do it all in one task, because the source may be a generator of the caller."""
        planner = Planner(self.source, self.store, self.known, self.counters, finisher, self.settings)
        try:
            while (files := await self._next(batches)) is not None:
                for job in await self._planned(planner, files):
                    await jobs.put(job)
            for job in await self._planned(planner, None):
                await jobs.put(job)
            self.is_read = True
            for _ in range(self.workers):
                await jobs.put(None)
        finally:
            if not self.is_read:  # cancelled, for example by a timeout around a yield in the source
                workers.cancel()
                await batches.aclose()  # in this task: only the task that entered such a timeout can leave it

    async def _next(self, batches: AsyncGenerator[Files, None]) -> Files | None:
        if self.source_error is not None:
            return None
        try:
            return await anext(batches, None)
        except Exception as error:
            self.source_error = error
            return None

    async def _planned(self, planner: Planner, files: Files | None) -> list[FetchJob]:
        jobs = await planner.jobs(files)
        self.source_error = self.source_error or planner.error
        return jobs

    async def _adapt(self, limiter: anyio.CapacityLimiter) -> None:
        """Adapt the number of files fetched at the same time to the throughput."""
        controller = adaptive.ConcurrencyController(most=self.workers)
        counters, clock = self.counters, self.engine.clock
        before, received, refused = clock.monotonic(), counters.bytes_done, counters.refused
        while True:
            await clock.sleep(adaptive.WINDOW_S)
            now = clock.monotonic()
            rate = (counters.bytes_done - received) / (now - before)
            refusals = counters.refused - refused
            before, received, refused = now, counters.bytes_done, counters.refused
            # A window shows nothing about the limit if there was not enough to do or the throttle paused.
            if refusals or (rate > 0 and limiter.available_tokens <= 0):
                limiter.total_tokens = controller.observe(rate, refusals)


async def _worker(jobs: Jobs, fetcher: Fetcher, finisher: Finisher) -> None:
    while (job := await jobs.get()) is not None:
        try:
            fetched = await fetcher.fetch(job)
        except GivenUpError as error:
            finisher.given_up(job, error)
        else:
            await finisher.take(job, fetched)


def _most_important(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error of a group to raise: a `DownloadError` if there is one."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        if isinstance(error, BaseExceptionGroup):
            pending += error.exceptions
        else:
            leaves.append(error)
    return next((leaf for leaf in leaves if isinstance(leaf, DownloadError)), leaves[0])
