"""Read by mypy and pyright; never run."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from ninepic_async import (
    Clip,
    ClipJob,
    ClipResult,
    ClipStatus,
    Event,
    EventDetails,
    EventListItem,
    FaceSearch,
    FailedUrlItem,
    FeatureDisabledError,
    ImageItem,
    NinePic,
    Page,
    Pager,
    PaginationInfo,
    Ping,
    PresignedUrlItem,
    Problem,
    RateLimit,
    RateLimitError,
    RetryPolicy,
    TimelineDay,
    UnprocessableEntityError,
)


async def client() -> None:
    async with NinePic("key", 903, retry=RetryPolicy(attempts=2), rate_limit=RateLimit(10)) as api:
        assert_type(api, NinePic)
        assert_type(api.with_options(timeout=2), NinePic)
        assert_type(api.events(), Pager[EventListItem])
        assert_type(api.event(456), Event)
        assert_type(api.org_id, int)


async def event(event: Event) -> None:
    assert_type(await event.ping(), Ping)
    assert_type(await event.details(), EventDetails)
    assert_type(event.photos(), Pager[ImageItem])
    assert_type(event.bib_search(1234), Pager[ImageItem])
    assert_type(event.face_results("r", page_size=5), Pager[ImageItem])
    assert_type(await event.timeline_days(), list[TimelineDay])
    assert_type(event.timeline_photos(datetime.now(UTC), datetime.now(UTC)), Pager[ImageItem])
    assert_type(event.originals(image_ids=["a"]), Pager[PresignedUrlItem])
    assert_type(event.originals(photos=event.photos()), Pager[PresignedUrlItem])
    assert_type(event.originals(search="r"), Pager[PresignedUrlItem])
    assert_type(await event.start_clips(search="r"), ClipJob)
    assert_type(await event.clips(selfie=b"", timeout=60), ClipResult)
    assert_type(event.clip_job("r"), ClipJob)


async def selfies(event: Event) -> None:
    for source in ("a", Path("a"), b"a", io.BytesIO()):
        assert_type(await event.face_search(source), FaceSearch)


async def pager(pager: Pager[PresignedUrlItem]) -> None:
    async for link in pager:
        assert_type(link, PresignedUrlItem)
    async for page in pager.pages():
        assert_type(page, Page[PresignedUrlItem])
        assert_type(page.items, tuple[PresignedUrlItem, ...])
        assert_type(page.failed, tuple[FailedUrlItem, ...])
        assert_type(page.pagination, PaginationInfo)
    assert_type(await pager.first_page(), Page[PresignedUrlItem])
    assert_type(await pager.collect(limit=5), list[PresignedUrlItem])
    assert_type(await pager.count(), int)


async def search(search: FaceSearch) -> None:
    assert_type([photo async for photo in search], list[ImageItem])
    assert_type(await search.collect(), list[ImageItem])
    assert_type(search.confidence_percentage, float | None)
    assert_type(search.total, int)


async def job(job: ClipJob) -> None:
    assert_type(await job.status(), ClipStatus)
    assert_type((await job.wait(timeout=5)).clips, tuple[Clip, ...])
    async for update in job.updates():
        assert_type(update, ClipStatus)


def errors(off: FeatureDisabledError, slow: RateLimitError, wrong: UnprocessableEntityError) -> None:
    assert_type(off.feature, str)
    assert_type(off.status, int)
    assert_type(off.request_id, str | None)
    assert_type(slow.retry_after, float | None)
    assert_type(wrong.problems, tuple[Problem, ...])


def by_hand(photo: ImageItem) -> None:
    assert_type(FaceSearch(request_id="r", images=[photo]).images, tuple[ImageItem, ...])
