"""Read by mypy and pyright; never run."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from ninepic_async.sync import (
    Clip,
    ClipJob,
    ClipResult,
    ClipStatus,
    DownloadReport,
    Event,
    EventDetails,
    EventListItem,
    FaceSearch,
    ImageItem,
    NinePic,
    Page,
    Pager,
    Ping,
    PresignedUrlItem,
    RateLimit,
    RetryPolicy,
    TimelineDay,
)


def client() -> None:
    with NinePic("key", 903, retry=RetryPolicy(attempts=2), rate_limit=RateLimit(10)) as api:
        assert_type(api, NinePic)
        assert_type(api.with_options(timeout=2), NinePic)
        assert_type(api.events(), Pager[EventListItem])
        assert_type(api.event(456), Event)
        assert_type(api.org_id, int)


def event(event: Event) -> None:
    assert_type(event.event_id, int)
    assert_type(event.ping(), Ping)
    assert_type(event.details(), EventDetails)
    assert_type(event.photos(), Pager[ImageItem])
    assert_type(event.bib_search(1234), Pager[ImageItem])
    assert_type(event.face_results("r", page_size=5), Pager[ImageItem])
    assert_type(event.timeline_days(), list[TimelineDay])
    assert_type(event.timeline_photos(datetime.now(UTC), datetime.now(UTC)), Pager[ImageItem])
    assert_type(event.originals(image_ids=["a"]), Pager[PresignedUrlItem])
    assert_type(
        event.originals(image_ids=(photo.image_id for photo in event.photos())), Pager[PresignedUrlItem]
    )
    assert_type(event.start_clips(selfie=b""), ClipJob)
    assert_type(event.clips(selfie=b"", timeout=60), ClipResult)
    assert_type(event.clip_job("r"), ClipJob)


def selfies(event: Event) -> None:
    for source in ("a", Path("a"), b"a", io.BytesIO()):
        assert_type(event.face_search(source), FaceSearch)


def downloads(event: Event, search: FaceSearch, some: Iterator[ImageItem]) -> None:
    for source in (event.photos(), event.originals(bib="1"), search, some, [*some]):
        assert_type(event.download(source, "photos/"), DownloadReport)


def pager(pager: Pager[PresignedUrlItem]) -> None:
    for link in pager:
        assert_type(link, PresignedUrlItem)
    for page in pager.pages():
        assert_type(page, Page[PresignedUrlItem])
    assert_type(pager.first_page(), Page[PresignedUrlItem])
    assert_type(pager.collect(limit=5), list[PresignedUrlItem])
    assert_type(pager.count(), int)


def search(search: FaceSearch) -> None:
    assert_type(list(search), list[ImageItem])
    assert_type(search.collect(), list[ImageItem])
    assert_type(search.confidence_percentage, float | None)
    assert_type(search.total, int)


def job(job: ClipJob) -> None:
    assert_type(job.request_id, str)
    assert_type(job.status(), ClipStatus)
    assert_type(job.wait(timeout=5).clips, tuple[Clip, ...])
    for update in job.updates():
        assert_type(update, ClipStatus)


def by_hand(photo: ImageItem) -> None:
    assert_type(FaceSearch(request_id="r", images=[photo]).images, tuple[ImageItem, ...])
