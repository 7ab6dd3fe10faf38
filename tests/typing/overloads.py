"""Calls whose arguments exclude each other, or are missing: errors for mypy and for pyright. Never run.

Both report an ignore comment that ignores nothing.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import assert_type

from ninepic_async import (
    ClipJob,
    ClipResult,
    Event,
    FaceSearch,
    ImageItem,
    Pager,
    PresignedUrlItem,
    sync,
)


async def right(event: Event, search: FaceSearch, photos: list[ImageItem]) -> None:
    assert_type(event.originals(bib=7), Pager[PresignedUrlItem])
    assert_type(event.originals(search=search, page_size=30), Pager[PresignedUrlItem])
    assert_type(event.originals(image_id="a"), Pager[PresignedUrlItem])
    assert_type(
        event.originals(image_ids=(photo.image_id async for photo in search)), Pager[PresignedUrlItem]
    )
    assert_type(event.originals(photos=event.photos()), Pager[PresignedUrlItem])
    assert_type(await event.start_clips(selfie=b"", request_id="u"), ClipJob)
    assert_type(await event.clips(search=search, timeout=60), ClipResult)


def right_in_blocking_code(event: sync.Event, search: sync.FaceSearch) -> None:
    assert_type(event.originals(bib=7), sync.Pager[PresignedUrlItem])
    assert_type(event.originals(search=search, page_size=30), sync.Pager[PresignedUrlItem])
    assert_type(event.originals(image_ids=(photo.image_id for photo in search)), sync.Pager[PresignedUrlItem])
    assert_type(event.originals(photos=event.photos()), sync.Pager[PresignedUrlItem])
    assert_type(event.start_clips(selfie=b"", request_id="u"), sync.ClipJob)
    assert_type(event.clips(search=search, timeout=60), ClipResult)


async def wrong(event: Event, photos: list[ImageItem]) -> None:
    event.originals()  # type: ignore[call-overload]
    event.originals(bib="1", search="r")  # type: ignore[call-overload]
    event.originals(bib="1", image_id="a")  # type: ignore[call-overload]
    event.originals(bib="1", image_ids=["a"])  # type: ignore[call-overload]
    event.originals(bib="1", photos=photos)  # type: ignore[call-overload]
    event.originals(search="r", image_id="a")  # type: ignore[call-overload]
    event.originals(search="r", image_ids=["a"])  # type: ignore[call-overload]
    event.originals(search="r", photos=photos)  # type: ignore[call-overload]
    event.originals(image_id="a", image_ids=["a"])  # type: ignore[call-overload]
    event.originals(image_id="a", photos=photos)  # type: ignore[call-overload]
    event.originals(image_ids=["a"], photos=photos)  # type: ignore[call-overload]
    event.originals(selfie="me.jpg")  # type: ignore[call-overload]
    event.originals("1")  # type: ignore[call-overload]
    event.originals(bib=None)  # type: ignore[call-overload]
    await event.start_clips()  # type: ignore[call-overload]
    await event.start_clips(selfie=b"", search="r")  # type: ignore[call-overload]
    await event.start_clips(search="r", request_id="u")  # type: ignore[call-overload]
    await event.start_clips(request_id="u")  # type: ignore[call-overload]
    await event.start_clips("me.jpg")  # type: ignore[call-overload]
    await event.clips()  # type: ignore[call-overload]
    await event.clips(selfie=b"", search="r")  # type: ignore[call-overload]
    await event.clips(search="r", request_id="u")  # type: ignore[call-overload]
    await event.clips(request_id="u")  # type: ignore[call-overload]
    await event.clips("me.jpg")  # type: ignore[call-overload]
    await event.memories("1234")  # type: ignore[arg-type]


def wrong_in_blocking_code(event: sync.Event, photos: list[ImageItem]) -> None:
    event.originals()  # type: ignore[call-overload]
    event.originals(bib="1", search="r")  # type: ignore[call-overload]
    event.originals(bib="1", image_id="a")  # type: ignore[call-overload]
    event.originals(bib="1", image_ids=["a"])  # type: ignore[call-overload]
    event.originals(bib="1", photos=photos)  # type: ignore[call-overload]
    event.originals(search="r", image_id="a")  # type: ignore[call-overload]
    event.originals(search="r", image_ids=["a"])  # type: ignore[call-overload]
    event.originals(search="r", photos=photos)  # type: ignore[call-overload]
    event.originals(image_id="a", image_ids=["a"])  # type: ignore[call-overload]
    event.originals(image_id="a", photos=photos)  # type: ignore[call-overload]
    event.originals(image_ids=["a"], photos=photos)  # type: ignore[call-overload]
    event.originals(selfie="me.jpg")  # type: ignore[call-overload]
    event.originals("1")  # type: ignore[call-overload]
    event.originals(bib=None)  # type: ignore[call-overload]
    event.start_clips()  # type: ignore[call-overload]
    event.start_clips(selfie=b"", search="r")  # type: ignore[call-overload]
    event.start_clips(search="r", request_id="u")  # type: ignore[call-overload]
    event.start_clips(request_id="u")  # type: ignore[call-overload]
    event.start_clips("me.jpg")  # type: ignore[call-overload]
    event.clips()  # type: ignore[call-overload]
    event.clips(selfie=b"", search="r")  # type: ignore[call-overload]
    event.clips(search="r", request_id="u")  # type: ignore[call-overload]
    event.clips(request_id="u")  # type: ignore[call-overload]
    event.clips("me.jpg")  # type: ignore[call-overload]
    event.memories("1234")  # type: ignore[arg-type]
