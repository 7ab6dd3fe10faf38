"""Download whole events on Dask workers, without ``await``. Needs the extra ``scale``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from ninepic_async import scale
from ninepic_async._support.defaults import MAX_FILE_BYTES
from ninepic_async.download.report import DownloadProgress
from ninepic_async.errors import InvalidInputError
from ninepic_async.scale import FailedShard, ScaleProgress, ScaleReport
from ninepic_async.scale.entry import LOCK_TIMEOUT_S
from ninepic_async.sync._sources import call_with_progress
from ninepic_async.sync.event import Event

if TYPE_CHECKING:
    from distributed import Client

    from ninepic_async._core.throttle import RateLimit
    from ninepic_async.download.source import Rendition
    from ninepic_async.scale.worker import Format

__all__ = ["FailedShard", "ScaleProgress", "ScaleReport", "download"]


def download(
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
    """Download all photos of an event on Dask workers; see `ninepic_async.scale.download`.

    Args:
        event: the event, of an open blocking client.
        to: a folder that all workers share, or the URL of an object store.
        dask: a ``distributed.Client``, or a scheduler's address; None starts one worker for each core here.
        shard: photos for each task.
        rendition: ``"large"``, ``"thumbnail"`` or ``"original"``.
        rate_limit: for the whole fleet's API requests.
        bibs: a start list: the manifest then has the BIBs whose search finds a photo.
        format: ``"files"`` or ``"webdataset"``.
        max_bytes: refuse larger files.
        lock_timeout: seconds to wait for a shard that a hung worker holds.
        on_progress: called in this thread with a `ScaleProgress`, about twice a second.

    Raises:
        NinePicError: as in `ninepic_async.scale.download`.

    Example:
        >>> from ninepic_async.sync import scale
        >>> report = scale.download(event, "whole-event/", shard=1000)

    Reference: docs.9pic.ai, External API, All Photos.
    """
    if not isinstance(event, Event):
        raise InvalidInputError(f"event is {type(event).__name__}: give client.event(…) of an open NinePic")
    run: Any = partial(
        scale.download,
        event._async,
        to,
        dask=dask,
        shard=shard,
        rendition=rendition,
        rate_limit=rate_limit,
        bibs=bibs,
        format=format,
        max_bytes=max_bytes,
        lock_timeout=lock_timeout,
    )
    report: ScaleReport = call_with_progress(event._portal, lambda tell: run(on_progress=tell), on_progress)
    return report
