from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ninepic_async import (
    BadRequestError,
    ClipJobFailedError,
    ClipJobTimeoutError,
    Event,
    NinePic,
    NotFoundError,
    SelfieSource,
)
from ninepic_async.sandbox import ManualClock, Sandbox

from .clients import PHOTOS, failure_of, sent
from .tour import Participants, empty_event_id


def ids_of(sb: Sandbox, places: range | list[int]) -> list[str]:
    return [sb.event.gallery.photo(place).image_id for place in places]


def places_of(sb: Sandbox, bib: str) -> list[int]:
    return list(sb.event.gallery.of_bib(bib))


async def test_client_lists_events(sb: Sandbox, client: NinePic) -> None:
    events = await client.events(page_size=10).collect()

    assert [event.event_id for event in events] == [event.event_id for event in sb.events]
    assert events[0].event_name == sb.event.name
    assert events[0].event_date == sb.event.date.replace(tzinfo=None)
    assert events[5].event_name is None
    assert sent(sb) == ["events"] * 3


async def test_the_reprs_of_client_and_event_need_no_request(sb: Sandbox, client: NinePic) -> None:
    event = client.event(str(sb.event_id))

    assert client.org_id == sb.org_id
    assert event.event_id == sb.event_id
    assert repr(client) == f"NinePic(org_id={sb.org_id}, base_url='{sb.base_url}')"
    assert repr(event) == f"Event(event_id={sb.event_id})"
    assert sent(sb) == []


async def test_ping_and_details(sb: Sandbox, event: Event) -> None:
    ping, details = await event.ping(), await event.details()

    assert (ping.status, ping.org_id, ping.event_id) == ("ok", sb.org_id, sb.event_id)
    assert details.event_name == sb.event.name
    assert details.bib_search
    assert details.video_selfie_search
    assert details.timeline_search
    assert dict(details.extra) == {}


async def test_photos_are_the_gallery_in_its_order(sb: Sandbox, event: Event) -> None:
    photos = [photo async for photo in event.photos()]

    assert [photo.image_id for photo in photos] == ids_of(sb, range(PHOTOS))
    assert {(photo.width, photo.height) for photo in photos} == {(1440, 960), (960, 1440)}


async def test_pager_gives_items_pages_one_page_or_a_list(sb: Sandbox, event: Event) -> None:
    photos = event.photos(page_size=50)
    everything = ids_of(sb, range(PHOTOS))

    assert [photo.image_id async for photo in photos] == everything
    assert [photo.image_id async for photo in photos] == everything
    async with aclosing(photos.pages()) as pages:
        assert [len(page.items) async for page in pages] == [50, 50, 20]
    sb.requests.clear()
    first = await photos.first_page()
    assert sent(sb) == ["photos"]
    assert (first.pagination.total, first.pagination.current_page) == (PHOTOS, 1)
    assert [photo.image_id for photo in await photos.collect(limit=60)] == everything[:60]
    assert await photos.collect(limit=0) == []


@pytest.mark.parametrize("respell", [str, str.lower])
async def test_bib_search_finds_every_bib(respell: Callable[[str], str], sb: Sandbox, event: Event) -> None:
    assert {"A/12", "१२३", "VIP 7"} <= set(sb.bibs)
    for bib in sb.bibs:
        found = await event.bib_search(respell(bib)).collect()
        assert [photo.image_id for photo in found] == ids_of(sb, places_of(sb, bib))


async def test_bib_search_accepts_a_number_and_may_find_nothing(sb: Sandbox, event: Event) -> None:
    bib = next(bib for bib in sb.bibs if bib.isdecimal() and bib.isascii())

    assert len(await event.bib_search(int(bib)).collect()) == len(places_of(sb, bib))
    assert await event.bib_search("99999").collect() == []


async def test_face_search_uploads_once_and_reads_later_pages_from_the_cache(
    sb: Sandbox, event: Event, people: Participants
) -> None:
    expected = ids_of(sb, places_of(sb, people.bib))

    search = await event.face_search(people.selfie, page_size=8)

    assert (search.total, search.confidence_percentage) == (len(expected), 80)
    assert search.pagination is not None
    assert search.pagination.page_size == 8
    assert [photo.image_id for photo in search.images] == expected[:8]
    assert (await search.first_page()).items == search.images
    assert sent(sb) == ["face_search"]
    assert [photo.image_id async for photo in search] == expected
    async with aclosing(search.pages()) as pages:
        assert [photo.image_id async for page in pages for photo in page.items] == expected
    assert [photo.image_id for photo in await search.collect(limit=9)] == expected[:9]
    results = await event.face_results(search.request_id).collect()
    assert [photo.image_id for photo in results] == expected
    assert sent(sb).count("face_search") == 1
    assert sb.state.searches_charged == 1


@pytest.mark.parametrize("form", ["str", "path", "bytes", "file", "open file"])
async def test_a_selfie_may_be_a_path_bytes_or_a_file(
    form: str, sb: Sandbox, client: NinePic, people: Participants, tmp_path: Path
) -> None:
    path = tmp_path / "selfie.jpg"
    path.write_bytes(people.selfie)
    with path.open("rb") as file:
        forms: dict[str, SelfieSource] = {
            "str": str(path),
            "path": path,
            "bytes": people.selfie,
            "file": io.BytesIO(people.selfie),
            "open file": file,
        }
        sb.faults.add(endpoint="face_search", times=2, lose_reply=True)
        await client.event(empty_event_id(sb)).face_search(forms[form])

    assert sb.faults.unused == []
    assert sb.state.searches_charged == 1


async def test_a_stranger_is_in_no_photo(event: Event, people: Participants) -> None:
    search = await event.face_search(people.stranger)

    assert search.total == 0
    assert await search.collect() == []


async def test_timeline_counts_the_photos_that_it_lists(sb: Sandbox, event: Event) -> None:
    days = await event.timeline_days()

    assert [day.date for day in days] == [date(2026, 1, 17), date(2026, 1, 18)]
    assert sum(day.total for day in days) == sb.event.gallery.timed < PHOTOS
    for day in days:
        assert sum(hour.count for hour in day.hours) == day.total
        midnight = datetime.combine(day.date, datetime.min.time(), UTC)
        for hour in day.hours:
            start = midnight + timedelta(hours=hour.hour)
            found = await event.timeline_photos(start, start + timedelta(hours=1), page_size=10).collect()
            assert len(found) == hour.count


async def test_motion_in_steps(sb: Sandbox, event: Event, people: Participants, clock: ManualClock) -> None:
    search = await event.face_search(people.selfie)
    job = await event.start_clips(search=search.request_id)
    assert (job.request_id, job.event_id) == (search.request_id, sb.event_id)
    assert (await job.status()).status == "queued"
    seen = []

    async with aclosing(job.updates(timeout=10)) as updates:
        async for status in updates:
            seen.append((status.status, status.is_final, len(status.clips) > 0))
            clock.advance(sb.clip_seconds)

    assert seen == [("queued", False, False), ("completed", True, True)]
    result = await event.clip_job(job.request_id).wait(timeout=30)
    assert result.clips == (await job.status()).clips
    assert result.clips[0].url.startswith(f"{sb.photos_url}/clips/")
    assert result.clips[0].duration == 2.0
    assert sb.state.searches_charged == 1


async def test_motion_in_one_coroutine(sb: Sandbox, event: Event, people: Participants) -> None:
    sb.state.clip_seconds = 0

    found = await event.clips(selfie=people.selfie, timeout=30)
    nothing = await event.clips(selfie=people.stranger, timeout=30)

    assert len(found.clips) > 0
    assert (nothing.clips, nothing.status) == ((), "no_match")


async def test_motion_that_fails_or_takes_too_long_can_be_picked_up_by_its_request_id(
    sb: Sandbox, event: Event, people: Participants, clock: ManualClock
) -> None:
    search = await event.face_search(people.selfie)
    late = await failure_of(lambda: event.clips(search=search.request_id, timeout=1))
    assert isinstance(late, ClipJobTimeoutError)
    assert late.request_id == search.request_id
    assert "queued" in str(late)
    clock.advance(sb.clip_seconds)
    assert len((await event.clip_job(search.request_id).wait(timeout=30)).clips) > 0

    sb.state.fail_clip_jobs, sb.state.clip_seconds = 1, 0
    failed = await failure_of(lambda: event.clips(selfie=people.selfie, timeout=30))
    assert isinstance(failed, ClipJobFailedError)
    assert failed.request_id is not None
    assert "Video processing failed" in str(failed)


async def test_originals_by_each_method(sb: Sandbox, event: Event, people: Participants) -> None:
    search = await event.face_search(people.selfie)
    expected = [f"{image_id}.jpg" for image_id in ids_of(sb, places_of(sb, people.bib))]
    some = [name.removesuffix(".jpg") for name in expected[:3]]

    for originals in (
        event.originals(bib=people.bib, page_size=7),
        event.originals(search=search),
        event.originals(search=search.request_id),
    ):
        assert [link.filename async for link in originals] == expected
    assert [link.filename for link in await event.originals(image_id=some[0]).collect()] == expected[:1]
    assert [link.filename for link in await event.originals(image_ids=some).collect()] == expected[:3]
    page = await event.originals(image_ids=[some[0], "not-there"]).first_page()
    assert [(failed.image_id, failed.path) for failed in page.failed] == [("not-there", None)]


async def test_unknown_events_and_ids_are_not_found(event: Event) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"

    for call in (event.face_results(unknown).collect, event.clip_job(unknown).status):
        error = await failure_of(call)
        assert type(error) is NotFoundError
        assert error.request_id == unknown
    assert type(await failure_of(event.originals(image_id="none").collect)) is BadRequestError
