"""Download an event over Dask workers: check the arguments, plan, run the shards, and report."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from ninepic_async._core.engine import Engine
from ninepic_async._core.throttle import RateLimit
from ninepic_async._support import arguments
from ninepic_async._support.defaults import MAX_FILE_BYTES
from ninepic_async.download.report import DownloadProgress, FailedDownload
from ninepic_async.download.settings import check_max_bytes, check_on_progress
from ninepic_async.download.source import Rendition
from ninepic_async.errors import FeatureDisabledError, InvalidInputError
from ninepic_async.event import Event
from ninepic_async.scale.fleet import Fleet, fleet_of
from ninepic_async.scale.manifest import ManifestRow, ShardState, read_manifest, shard_states, write_parquet
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import Hours, Planner
from ninepic_async.scale.report import FailedShard, ScaleReport
from ninepic_async.scale.worker import ShardTask

if TYPE_CHECKING:
    from distributed import Client

LOCK_TIMEOUT_S: Final = 600.0
_MOST_WALKS: Final = 4
"""Walks through the list of an event that grows meanwhile."""


async def download(
    event: Event,
    to: str | os.PathLike[str],
    *,
    dask: Client | str | None = None,
    shard: int = 1000,
    rendition: Rendition = "large",
    rate_limit: RateLimit | None = None,
    max_bytes: int = MAX_FILE_BYTES,
    lock_timeout: float = LOCK_TIMEOUT_S,
    on_progress: Callable[[DownloadProgress], object] | None = None,
) -> ScaleReport:
    """Download all photos of an event over Dask workers. Run it again to go on after any interruption.

    Each photo counts once, however often it is fetched: workers, driver and scheduler can be killed at any
    time. The workers need the API key in their environment, as ``NINEPIC_API_KEY``. It is in no task.

    Args:
        event: the event, of an open client.
        to: a folder that all workers share, or the URL of an object store, such as ``s3://bucket/456/``. The
            store's credentials come from its own environment variables, on each worker.
        dask: a ``distributed.Client``, or a scheduler's address; None starts one worker for each core here.
        shard: photos for each task.
        rendition: ``"large"``, ``"thumbnail"`` or ``"original"``.
        rate_limit: for the whole fleet's API requests; None lets each worker learn what the service accepts.
        max_bytes: refuse larger files.
        lock_timeout: seconds to wait for a shard that a hung worker holds.
        on_progress: called with a `DownloadProgress` whenever a shard ends.

    Returns:
        The report, made from the manifests.

    Raises:
        InvalidInputError: an argument is invalid.
        DownloadError: the place can't be read or written.
        ConfigError: there are no workers, or they know no API key.
        NinePicError: the event's photos can't be listed.

    Example:
        >>> from ninepic_async import scale
        >>> report = await scale.download(event, "whole-event/", shard=1000)
        >>> report.raise_for_failures()

    Reference: docs.9pic.ai, External API, All Photos.
    """
    if not isinstance(event, Event):
        raise InvalidInputError(f"event is {type(event).__name__}: give client.event(…) of an open NinePic")
    if type(shard) is not int or shard < 1:
        raise InvalidInputError(f"shard={shard!r}: give a whole number of photos from 1")
    if rendition not in ("large", "thumbnail", "original"):
        raise InvalidInputError(f"rendition={rendition!r}: give 'large', 'thumbnail' or 'original'")
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise InvalidInputError(f"rate_limit={rate_limit!r}: give a RateLimit, such as RateLimit(50)")
    check_on_progress(on_progress)
    place = Place.open(to)
    task = _template(event._engine, event, place, rendition)
    task = evolve(
        task,
        rate_limit=rate_limit,
        max_bytes=check_max_bytes(max_bytes),
        lock_timeout_s=arguments.seconds(lock_timeout, "lock_timeout"),
    )
    async with fleet_of(dask, event._engine.secret) as fleet:
        with closing(Planner(place, shard)) as planner:
            return await _Run(event, place, task, fleet, planner, on_progress).run()


def _template(engine: Engine, event: Event, place: Place, rendition: Rendition) -> ShardTask:
    network = engine.network
    return ShardTask(
        place=place.url,
        shard=0,
        base_url=engine.base_url,
        org_id=engine.scope.org_id,
        event_id=event.event_id,
        rendition=rendition,
        rate_limit=None,
        lock_timeout_s=LOCK_TIMEOUT_S,
        max_bytes=MAX_FILE_BYTES,
        retry=engine.retry,
        allow_private_addresses=network.allow_private_addresses,
        allow_plain_http=engine.base_url.startswith("http:"),
    )


@frozen
class _Run:
    event: Event
    place: Place
    task: ShardTask
    fleet: Fleet
    planner: Planner
    on_progress: Callable[[DownloadProgress], object] | None

    async def run(self) -> ScaleReport:
        """Plan and fetch until a walk finds nothing new, and report."""
        before = await shard_states(self.place)
        stored_before = await self._stored_before(before)
        await self.planner.read()
        progress = _Progress(self.on_progress, self.planner, stored_before)
        failed: dict[int, str] = {}
        todo = [shard for shard in self.planner.shards if not before.get(shard, ShardState()).is_complete]
        for _ in range(_MOST_WALKS):
            new = [number async for number in self.planner.extend(self.event.photos(), await self._hours())]
            failed |= await self.fleet.run_all(self.task, [*todo, *new], progress.shard_ended)
            todo = []
            if not new:
                break
        report = await self._report(stored_before, failed)
        await write_parquet(self.place, self.planner.shards)
        return report

    async def _hours(self) -> Hours:
        """Fetch the timeline, if the event has one."""
        try:
            return Hours.of_days(await self.event.timeline_days())
        except FeatureDisabledError:
            return Hours()

    async def _stored_before(self, states: dict[int, ShardState]) -> dict[int, set[str] | int]:
        """Return what earlier runs stored: a number for a complete shard, ids for an open one."""
        stored: dict[int, set[str] | int] = {}
        for shard, state in states.items():
            rows = await read_manifest(self.place, shard, is_complete=state.is_complete)
            done = {row.image_id for row in rows if row.status == "done"}
            stored[shard] = len(done) if state.is_complete else done
        return stored

    async def _report(
        self, stored_before: dict[int, set[str] | int], failed_shards: dict[int, str]
    ) -> ScaleReport:
        done = skipped = size = 0
        failed: list[FailedDownload] = []
        states = await shard_states(self.place)
        for shard in self.planner.shards:
            before = stored_before.get(shard, set())
            if isinstance(before, int):
                skipped += before
                continue
            state = states.get(shard)
            rows: list[ManifestRow] = []
            if state is not None:
                rows = await read_manifest(self.place, shard, is_complete=state.is_complete)
            for row in rows:
                if row.status == "failed":
                    failed.append(_failed(row))
                elif row.image_id in before:
                    skipped += 1
                else:
                    done += 1
                    size += row.bytes or 0
        return ScaleReport(
            done=done,
            skipped=skipped,
            failed=tuple(failed),
            bytes=size,
            shards=len(self.planner.shards),
            failed_shards=tuple(
                FailedShard(shard=each, error=why) for each, why in sorted(failed_shards.items())
            ),
        )


def _failed(row: ManifestRow) -> FailedDownload:
    return FailedDownload(id=row.image_id, name=row.path or row.image_id, error=row.error or "")


class _Progress:
    """Counts what the shards bring. The report does not rely on it."""

    def __init__(
        self,
        tell: Callable[[DownloadProgress], object] | None,
        planner: Planner,
        stored_before: dict[int, set[str] | int],
    ) -> None:
        self._tell = tell
        self._planner = planner
        self._skipped = sum(each if isinstance(each, int) else len(each) for each in stored_before.values())
        self._stored = self._failed = self._bytes = 0

    def shard_ended(self, outcome: Any) -> None:
        """Take in a shard's outcome."""
        self._stored += outcome.stored
        self._failed += outcome.failed
        self._bytes += outcome.bytes
        if self._tell is not None:
            progress = DownloadProgress(
                done=self._stored,
                skipped=self._skipped,
                failed=self._failed,
                known=self._planner.photos,
                bytes_done=self._bytes,
                bytes_known=self._bytes,
            )
            self._tell(progress)
