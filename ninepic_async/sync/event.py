"""The blocking handle on one event: each method hands over to the async one."""

# ruff: noqa: D101, D102 (docstrings are carried over)

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from ninepic_async import event
from ninepic_async._contract.selfie import SelfieSource
from ninepic_async.clip_job import DEFAULT_WAIT_S
from ninepic_async.models import (
    ClipResult,
    EventDetails,
    ImageItem,
    Ping,
    PresignedUrlItem,
    TimelineDay,
)
from ninepic_async.sync._clip_job import ClipJob
from ninepic_async.sync._docs import documented_as
from ninepic_async.sync._pagination import FaceSearch, Pager
from ninepic_async.sync._portal import Portal

if TYPE_CHECKING:
    from ninepic_async.download.report import DownloadReport
    from ninepic_async.download.run import Concurrency, OnProgress
    from ninepic_async.download.source import Rendition
    from ninepic_async.sync._download import Source


@documented_as(event.Event)
class Event:
    def __init__(self, portal: Portal, event: event.Event) -> None:
        self._portal = portal
        self._event = event

    def __repr__(self) -> str:
        return repr(self._event)

    @property
    def event_id(self) -> int:
        return self._event.event_id

    def ping(self) -> Ping:
        return self._portal.call(self._event.ping)

    def details(self) -> EventDetails:
        return self._portal.call(self._event.details)

    def photos(self, *, page_size: int | None = None) -> Pager[ImageItem]:
        return Pager(self._portal, self._event.photos(page_size=page_size))

    def bib_search(self, bib: str | int, *, page_size: int | None = None) -> Pager[ImageItem]:
        return Pager(self._portal, self._event.bib_search(bib, page_size=page_size))

    def face_search(
        self, selfie: SelfieSource, *, request_id: str | None = None, page_size: int | None = None
    ) -> FaceSearch:
        search = self._event.face_search
        found = self._portal.call(search, selfie, request_id=request_id, page_size=page_size)
        return FaceSearch._of(self._portal, found)

    def face_results(self, request_id: str, *, page_size: int | None = None) -> Pager[ImageItem]:
        return Pager(self._portal, self._event.face_results(request_id, page_size=page_size))

    def timeline_days(self) -> list[TimelineDay]:
        return self._portal.call(self._event.timeline_days)

    def timeline_photos(
        self, start: datetime, end: datetime, *, page_size: int | None = None
    ) -> Pager[ImageItem]:
        return Pager(self._portal, self._event.timeline_photos(start, end, page_size=page_size))

    def start_clips(self, *, selfie: SelfieSource | None = None, request_id: str | None = None) -> ClipJob:
        start = self._event.start_clips
        return ClipJob(self._portal, self._portal.call(start, selfie=selfie, request_id=request_id))

    def clips(
        self,
        *,
        selfie: SelfieSource | None = None,
        request_id: str | None = None,
        timeout: float = DEFAULT_WAIT_S,
    ) -> ClipResult:
        clips = self._event.clips
        return self._portal.call(clips, selfie=selfie, request_id=request_id, timeout=timeout)

    def clip_job(self, request_id: str) -> ClipJob:
        return ClipJob(self._portal, self._event.clip_job(request_id))

    def originals(
        self,
        *,
        bib: str | int | None = None,
        selfie: str | FaceSearch | None = None,
        image_id: str | None = None,
        image_ids: Iterable[str] | None = None,
        page_size: int | None = None,
    ) -> Pager[PresignedUrlItem]:
        request_id = selfie.request_id if isinstance(selfie, FaceSearch) else selfie
        pager = self._event.originals(
            bib=bib, selfie=request_id, image_id=image_id, image_ids=image_ids, page_size=page_size
        )
        return Pager(self._portal, pager)

    def download(
        self,
        source: Source,
        to: str | os.PathLike[str],
        *,
        concurrency: Concurrency = 16,
        rendition: Rendition = "large",
        on_progress: OnProgress | None = None,
        max_bytes: int = 1024**3,
    ) -> DownloadReport:
        # In the loop's thread first: an import that Ctrl-C cuts short can leave a lock of all imports taken.
        self._portal.call(_import_download)
        from ninepic_async.sync._download import in_the_loop, run_download

        items = in_the_loop(source)

        async def fetch(tell: OnProgress | None) -> DownloadReport:
            return await self._event.download(
                items, to, concurrency=concurrency, rendition=rendition, on_progress=tell, max_bytes=max_bytes
            )

        return run_download(self._portal, fetch, on_progress)


async def _import_download() -> None:
    import ninepic_async.sync._download  # noqa: F401
