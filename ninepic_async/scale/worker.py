"""Fetch one shard, on a worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal

import anyio
from attrs import define, field, frozen

from ninepic_async._core.retry import RetryPolicy
from ninepic_async._core.throttle import RateLimit
from ninepic_async._http.options import HTTPOptions
from ninepic_async.client import NinePic
from ninepic_async.download.progress import Counters
from ninepic_async.download.source import Rendition
from ninepic_async.scale import keys
from ninepic_async.scale.link import Link
from ninepic_async.scale.manifest import ManifestRow, write_manifest
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import read_plan
from ninepic_async.scale.progress import ShardProgress
from ninepic_async.scale.sent_options import options_of_worker
from ninepic_async.scale.shard import Shard
from ninepic_async.scale.shard_files import store_files
from ninepic_async.scale.shard_tar import store_tar

Format = Literal["files", "webdataset"]

_REPORT_EVERY_S: Final = 1.0
_ASK_EVERY_REPORTS: Final = 2
"""Ask for the number of threads at the start, and at every second report."""
_STORE: Final = {"files": store_files, "webdataset": store_tar}
_this_thread: Final = threading.local()
"""The throttle of the previous shard. The next shard continues with its learned rate."""


@frozen(kw_only=True)
class ShardTask:
    """The settings that a worker needs to fetch a shard. It contains no secrets.

    Attributes:
        run: the run's id, for its secrets and messages.
        place: the archive's folder or URL.
        shard: the shard's number. The photos are in its plan file.
        format: ``"files"``, or ``"webdataset"`` for a tar file.
        base_url: the URL of the API.
        org_id: the organisation's number.
        event_id: the event's number.
        rendition: which rendition to fetch.
        rate_limit: the limit for all workers together.
        threads: the number of threads that share the limit at first. The worker asks for changes later.
        lock_timeout_s: seconds to wait for a shard that another worker has locked.
        max_bytes: the maximum size of a file, in bytes; larger files fail.
        timeout_s: the timeout of one API call, in seconds.
        retry: when to retry failed requests.
        http: the connection settings that are not secret.
        has_secrets: whether the worker also needs secret settings, which the driver sends directly.
        is_open: whether there is a manifest of an earlier run in which some photos failed.
    """

    run: str
    place: str
    shard: int = 0
    format: Format = "files"
    base_url: str
    org_id: int
    event_id: int
    rendition: Rendition
    rate_limit: RateLimit | None = None
    threads: int = 1
    lock_timeout_s: float
    max_bytes: int
    timeout_s: float
    retry: RetryPolicy
    http: HTTPOptions
    has_secrets: bool = False
    is_open: bool = False

    @property
    def topic(self) -> str:
        """The Dask topic for progress. There is one for each event, because Dask never deletes topics."""
        return f"ninepic-event-{self.event_id}"


@frozen(kw_only=True)
class ShardOutcome:
    """The result of a shard. It is used for progress only."""

    progress: ShardProgress


def fetch_shard(task: ShardTask) -> ShardOutcome:
    """Fetch a shard and write its manifest. Run a new event loop in this thread.

    Raises:
        MissingKeyError: this worker does not have the run's secrets.
        DownloadError: the shard can't be stored, or another worker has locked it.
    """
    secrets = keys.require(task.run, more=task.has_secrets)
    return anyio.run(_Fetching(task, secrets, Link.of_this_thread()).run)


@define(eq=False)
class _Fetching:
    """One shard that is being fetched."""

    task: ShardTask
    secrets: keys.Secrets
    link: Link
    counters: Counters = field(factory=Counters)

    async def run(self) -> ShardOutcome:
        task = self.task
        place = Place.open(task.place)
        planned = await read_plan(place, task.shard)
        async with self._client() as client, self._reporting(client):
            shard = Shard(
                number=task.shard,
                place=place,
                planned=planned,
                event=client.event(task.event_id),
                rendition=task.rendition,
                max_bytes=task.max_bytes,
                lock_timeout_s=task.lock_timeout_s,
                scratch=self.link.scratch,
                counters=self.counters,
                is_open=task.is_open,
            )
            rows = await _STORE[task.format](shard)
        await write_manifest(place, task.shard, rows, was_open=task.is_open)
        return ShardOutcome(progress=self._final_progress(rows))

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[NinePic]:
        task = self.task
        async with NinePic(
            self.secrets.key.reveal(),
            task.org_id,
            base_url=task.base_url,
            http=options_of_worker(task.http, self.secrets),
            rate_limit=share(task.rate_limit, task.threads),
            retry=task.retry,
            timeout=task.timeout_s,
        ) as client:
            throttle = client._engine.throttle
            if (earlier := getattr(_this_thread, task.base_url, None)) is not None:
                throttle.continue_from(earlier)
            setattr(_this_thread, task.base_url, throttle)
            yield client

    @asynccontextmanager
    async def _reporting(self, client: NinePic) -> AsyncIterator[None]:
        """Report progress, and update this thread's share of the rate limit, until the shard is stored."""
        reporter = asyncio.ensure_future(self._report(client))
        try:
            yield
        finally:
            reporter.cancel()
            with suppress(asyncio.CancelledError):
                await reporter

    async def _report(self, client: NinePic) -> None:
        number = 0
        while True:
            if self.task.rate_limit is not None and number % _ASK_EVERY_REPORTS == 0:
                threads = await self.link.threads()
                if threads:
                    client._engine.throttle.limit(share(self.task.rate_limit, threads))
            await asyncio.sleep(_REPORT_EVERY_S)
            counters, number = self.counters, number + 1
            message = {
                "run": self.task.run,
                "shard": self.task.shard,
                "stored": counters.done + counters.skipped,
                "failed": len(counters.failed),
                "bytes": counters.bytes_done,
            }
            self.link.report(self.task.topic, message)

    def _final_progress(self, rows: list[ManifestRow]) -> ShardProgress:
        stored = sum(row.status == "done" for row in rows)
        return ShardProgress(stored=stored, failed=len(rows) - stored, bytes=self.counters.bytes_done)


def share(limit: RateLimit | None, threads: int) -> RateLimit | None:
    """Return one thread's share of the fleet's rate limit."""
    return None if limit is None else RateLimit(limit.rate / max(threads, 1), limit.per_s)
