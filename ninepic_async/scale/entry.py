"""Download an event on Dask workers: check the arguments, and connect to the workers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Final

from attrs import evolve

from ninepic_async._core.throttle import RateLimit
from ninepic_async._support import arguments
from ninepic_async._support.defaults import MAX_FILE_BYTES
from ninepic_async.download.report import DownloadProgress
from ninepic_async.download.settings import check_max_bytes, check_on_progress
from ninepic_async.download.source import Rendition, check_rendition
from ninepic_async.errors import InvalidInputError
from ninepic_async.event import Event
from ninepic_async.scale.archive import check_archive
from ninepic_async.scale.bibs import FoundBibs, check_bibs
from ninepic_async.scale.cluster import cluster_of
from ninepic_async.scale.fleet import Fleet
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import Planner
from ninepic_async.scale.report import ScaleReport
from ninepic_async.scale.run import Run
from ninepic_async.scale.sent_options import options_for_tasks, secrets_of
from ninepic_async.scale.worker import Format, ShardTask

if TYPE_CHECKING:
    from distributed import Client

LOCK_TIMEOUT_S: Final = 600.0


async def download(
    event: Event,
    to: str | os.PathLike[str],
    *,
    dask: Client | str | None = None,
    shard: int = 1000,
    rendition: Rendition = "large",
    rate_limit: RateLimit | None = None,
    bibs: Iterable[str | int] | None = None,
    format: Format = "files",  # noqa: A002 (the option's name)
    max_bytes: int = MAX_FILE_BYTES,
    lock_timeout: float = LOCK_TIMEOUT_S,
    on_progress: Callable[[DownloadProgress], object] | None = None,
) -> ScaleReport:
    """Download all photos of an event on Dask workers. Run it again to continue after any interruption.

    Workers, driver and scheduler can be killed at any time. A photo may be fetched more than once, but it
    counts once. The workers need the API key in their environment, as ``NINEPIC_API_KEY``. Tasks never
    contain the key.

    Args:
        event: the event; its client must be open.
        to: a folder that all workers share, or the URL of an object store, such as ``s3://bucket/456/``. The
            store's credentials come from its own environment variables, on each worker.
        dask: a ``distributed.Client``, or a scheduler's address; None starts one worker
            for each core of this machine.
        shard: the number of photos in a task.
        rendition: ``"large"``, ``"thumbnail"`` or ``"original"``.
        rate_limit: the limit for the API requests of all workers together; None lets each worker adapt to the
            rate that the service accepts.
        bibs: a start list. Each photo's row in the manifest then lists the BIBs whose search finds the photo.
            The search takes one API request for each BIB, and one more for every 100 photos of a BIB after
            the first 100. This process sends these requests after the photos are stored, in each run with
            ``bibs``.
        format: ``"files"`` for one file a photo; ``"webdataset"`` for one tar file a shard, in the format of
            the ``webdataset`` library.
        max_bytes: the maximum size of a file, in bytes; larger files fail.
        lock_timeout: seconds to wait for a shard that another worker has locked.
        on_progress: called with a `ScaleProgress` about twice a second. The client's hooks receive it too.

    Returns:
        The report, built from the manifests.

    Raises:
        InvalidInputError: an argument is invalid, or the destination contains another event, rendition or
            format.
        FeatureDisabledError: ``bibs`` is given, and BIB search is off for this event.
        DownloadError: the destination can't be read or written, the scheduler does not answer, or the cluster
            has lost all workers.
        ConfigError: there are no workers, the workers have no API key, or the client has settings that can't
            be sent to the workers: a TLS context, or secrets for workers on other machines.
        NinePicError: the event's photos can't be listed.

    Example:
        >>> from ninepic_async import scale
        >>> report = await scale.download(event, "whole-event/", shard=1000)
        >>> report.raise_for_failures()

    Reference: docs.9pic.ai, External API, All Photos.
    """
    if not isinstance(event, Event):
        raise InvalidInputError(
            f"event is {type(event).__name__}: give client.event(…) of an open NinePic client"
        )
    if type(shard) is not int or shard < 1:
        raise InvalidInputError(f"shard={shard!r}: give a whole number of photos, at least 1")
    check_rendition(rendition)
    if format not in ("files", "webdataset"):
        raise InvalidInputError(f"format={format!r}: give 'files' or 'webdataset'")
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise InvalidInputError(f"rate_limit={rate_limit!r}: give a RateLimit, such as RateLimit(50)")
    check_on_progress(on_progress)
    start_list = None if bibs is None else check_bibs(bibs)
    place = Place.open(to)
    task = evolve(
        template(event, place),
        rendition=rendition,
        format=format,
        rate_limit=rate_limit,
        max_bytes=check_max_bytes(max_bytes),
        lock_timeout_s=arguments.seconds(lock_timeout, "lock_timeout"),
    )
    secrets = secrets_of(event._engine)
    async with cluster_of(dask, secrets.key) as client:
        fleet = Fleet(client, secrets, task.run)
        await fleet.share_secrets()
        await check_archive(place, event.event_id, rendition, format)
        with closing(Planner(place, shard)) as planner, closing(FoundBibs()) as found:
            run = Run(_limited(event, rate_limit), place, task, fleet, planner, on_progress)
            return await run.fetch_all(start_list, found)


def template(event: Event, place: Place) -> ShardTask:
    """Return a task with the settings that all shards share.

    Raises:
        ConfigError: the client has a TLS context, which can't be sent to workers.
    """
    engine = event._engine
    return ShardTask(
        run=uuid.uuid4().hex,
        place=place.url,
        base_url=engine.base_url,
        org_id=engine.scope.org_id,
        event_id=event.event_id,
        rendition="large",
        lock_timeout_s=LOCK_TIMEOUT_S,
        max_bytes=MAX_FILE_BYTES,
        timeout_s=engine.timeout_s,
        retry=engine.retry,
        http=options_for_tasks(engine),
        has_secrets=secrets_of(engine).has_more,
    )


def _limited(event: Event, rate_limit: RateLimit | None) -> Event:
    """Return the event with the fleet's rate limit. The driver calls the API only while workers are idle."""
    if rate_limit is None:
        return event
    engine = event._engine
    return Event(evolve(engine, throttle=engine.throttle.limited(rate_limit)), event.event_id)
