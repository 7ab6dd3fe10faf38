"""Download an event over Dask workers: check the arguments, and connect to the workers."""

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
        bibs: a start list. Each photo's row in the manifest then has the BIBs whose search finds it. It takes
            one API request for each BIB, and one for every 100 photos of a BIB beyond the first 100. They are
            made by this process, after the photos are stored, in each run that is given a start list.
        format: ``"files"``: a file for each photo. ``"webdataset"``: a tar file for each shard, in the form
            that the ``webdataset`` library reads.
        max_bytes: refuse larger files.
        lock_timeout: seconds to wait for a shard that a hung worker holds.
        on_progress: called with a `ScaleProgress`, about twice a second. The client's hooks get it too.

    Returns:
        The report, made from the manifests.

    Raises:
        InvalidInputError: an argument is invalid, or the place holds another event, rendition or format.
        FeatureDisabledError: ``bibs`` is given, and BIB search is off for this event.
        DownloadError: the place can't be read or written, or the scheduler is silent.
        ConfigError: there are no workers, they know no API key, or the client has settings that can't be sent
            to them: a TLS context, or secrets for workers of other machines.
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
    """Return what the tasks of all shards share.

    Raises:
        ConfigError: the client has settings that can't be sent to workers.
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
    """Return an event whose calls keep to the fleet's limit: the driver calls while no worker does."""
    if rate_limit is None:
        return event
    engine = event._engine
    return Event(evolve(engine, throttle=engine.throttle.limited(rate_limit)), event.event_id)
