from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import ninepic_async
from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import (
    ClipJobTimeoutError,
    ConfigError,
    Event,
    FaceSearch,
    ImageItem,
    InvalidInputError,
    NinePic,
    NotFoundError,
    PermissionDeniedError,
    RetryPolicy,
)


def test_single_calls_give_the_models(event: Event, sandbox: Sandbox) -> None:
    assert event.event_id == sandbox.event_id
    assert event.ping() == ninepic_async.Ping(status="ok", org_id=sandbox.org_id, event_id=sandbox.event_id)
    assert event.details().bib_search
    assert sum(day.total for day in event.timeline_days()) <= 1000


def test_lists_give_the_same_items_as_the_async_client(
    client: NinePic, event: Event, sandbox: Sandbox
) -> None:
    bib = sandbox.bibs[0]

    async def the_other_face() -> list[list[object]]:
        settings = sandbox.api_key, sandbox.org_id
        async with ninepic_async.NinePic(*settings, base_url=sandbox.base_url) as other:
            there = other.event(sandbox.event_id)
            return [
                [*await there.photos().collect()],
                [*await there.bib_search(bib).collect()],
                [link.filename async for link in there.originals(bib=bib)],
                [*await other.events().collect()],
            ]

    photos, tagged, links, events = asyncio.run(the_other_face())
    assert list(event.photos()) == photos
    assert event.bib_search(bib).collect() == tagged
    assert [link.filename for link in event.originals(bib=bib)] == links
    assert list(client.events()) == events


def test_a_timeline_is_walked(event: Event) -> None:
    days = event.timeline_days()
    start = datetime.combine(days[0].date, time(), UTC)
    hours = event.timeline_photos(start, start + timedelta(days=len(days) + 1)).collect()
    assert len(hours) == sum(day.total for day in days)
    with pytest.raises(InvalidInputError):
        event.timeline_photos(start, start)


def test_a_selfie_is_sent_once_and_its_pages_can_be_iterated(
    event: Event, sandbox: Sandbox, tmp_path: Path
) -> None:
    bib = sandbox.bibs[0]
    picture = tmp_path / "selfie.jpg"
    picture.write_bytes(sandbox.selfie(bib))
    search = event.face_search(picture, page_size=5)
    photos = list(search)
    assert len(photos) == search.total > 5
    assert search.first_page().items == search.images == tuple(photos[:5])
    assert [page.pagination.current_page for page in search.pages()][:2] == [1, 2]
    assert search.collect(limit=3) == photos[:3]
    assert event.face_results(search.request_id).collect() == photos
    assert event.originals(search=search).first_page().items
    assert (
        sum(request.method == "POST" and request.endpoint == "face_search" for request in sandbox.requests)
        == 1
    )


@pytest.mark.parametrize(
    "some",
    [
        lambda event, ids: {"image_ids": ids},
        lambda event, ids: {"image_ids": (image_id for image_id in ids)},
        lambda event, ids: {"image_ids": dict.fromkeys(ids).keys()},
        lambda event, ids: {"photos": (photo for photo in event.photos() if photo.image_id in ids)},
        lambda event, ids: {"photos": [photo for photo in event.photos() if photo.image_id in ids]},
    ],
)
def test_photos_to_sign_can_come_from_any_iterable(
    some: Callable[[Event, list[str]], dict[str, Any]], event: Event
) -> None:
    ids = [photo.image_id for photo in event.photos().collect(limit=70)]
    links = event.originals(**some(event, ids)).collect()
    assert [Path(link.filename).stem for link in links] == ids


def test_blocking_lists_can_be_signed_twice(event: Event, sandbox: Sandbox) -> None:
    class Again:
        """Neither a collection nor an iterator, like a query of an ORM."""

        def __iter__(self) -> Iterator[ImageItem]:
            return iter(event.bib_search(bib))

    bib = sandbox.bibs[0]
    search = event.face_search(sandbox.selfie(bib))
    for photos in (event.bib_search(bib), search, Again()):
        ids = [photo.image_id for photo in photos]
        links = event.originals(photos=photos)
        for _ in range(2):
            assert [Path(link.filename).stem for link in links] == ids


def test_lists_are_counted(event: Event, sandbox: Sandbox) -> None:
    assert event.photos().count() == 1000
    assert event.face_search(sandbox.selfie(sandbox.bibs[0])).count() > 0
    assert sum(request.endpoint == "photos" for request in sandbox.requests) == 1


def test_a_generator_of_photos_can_be_signed_twice(event: Event) -> None:
    links = event.originals(photos=(photo for photo in event.photos().collect(limit=70)))
    once = [link.filename for link in links]
    assert len(once) == links.count() == 70
    assert [link.filename for link in links] == once


def test_one_photo_is_read_and_streamed(event: Event) -> None:
    (photo,) = event.photos().collect(limit=1)
    whole = event.read(photo, rendition="thumbnail")
    assert whole.startswith(b"\xff\xd8\xff")
    chunks = event.stream(photo, rendition="thumbnail")
    assert isinstance(chunks, Iterator)
    assert b"".join(chunks) == whole
    with pytest.raises(InvalidInputError):
        event.stream(photo, rendition=cast("Any", "huge"))


def test_a_face_search_made_by_hand_holds_its_photos() -> None:
    photo = ImageItem(image_id="a", img_url="u", thumbnail_url="t")
    search = FaceSearch(request_id="r", images=[photo])
    assert list(search) == search.collect() == [photo]
    assert search.total == 1
    assert search == FaceSearch(request_id="r", images=[photo])


def test_motion_is_waited_for(event: Event, sandbox: Sandbox) -> None:
    selfie = sandbox.selfie(sandbox.bibs[0])
    job = event.start_clips(selfie=selfie)
    assert job.event_id == event.event_id
    assert job.request_id in repr(job)
    assert not job.status().is_final
    words = [status.state for status in job.updates(timeout=30)]
    assert words[-1] in ("done", "no_match")
    assert event.clip_job(job.request_id).wait(timeout=30).request_id == job.request_id
    assert event.clips(search=job.request_id, timeout=30).clips == job.wait().clips
    sandbox.requests.clear()
    status = job.status()
    assert status.result() == event.clip_job(job.request_id).wait()
    assert status.result().clips == status.clips
    assert len(sandbox.requests) == 2


def test_motion_is_not_waited_for_beyond_the_bound(event: Event, sandbox: Sandbox) -> None:
    sandbox.faults.add(
        endpoint="clip_status", times=99, status=200, body={"data": {"request_id": "r", "status": "queued"}}
    )
    with pytest.raises(ClipJobTimeoutError, match="queued"):
        event.clip_job("r").wait(timeout=1)


def test_errors_are_the_same_classes_as_in_the_async_client(sandbox: Sandbox, event: Event) -> None:
    assert NotFoundError is ninepic_async.NotFoundError
    with pytest.raises(NotFoundError):
        event.face_results("3f2d3c1e-0000-4000-8000-000000000000").collect()
    stranger = NinePic("wrong", sandbox.org_id, base_url=sandbox.base_url)
    with stranger, pytest.raises(PermissionDeniedError):
        stranger.event(sandbox.event_id).ping()
    with pytest.raises(ConfigError, match="org_id"):
        NinePic("key", "x")


def test_a_client_from_with_options_shares_connections_and_does_not_close_them(
    client: NinePic, sandbox: Sandbox
) -> None:
    sandbox.faults.add(endpoint="ping", delay_s=0.5)
    view = client.with_options(timeout=0.05, retry=RetryPolicy(attempts=1))
    assert repr(view) == repr(client)
    assert view.org_id == client.org_id
    with pytest.raises(ninepic_async.APITimeoutError):
        view.event(sandbox.event_id).ping()
    view.close()
    assert client.event(sandbox.event_id).ping().status == "ok"


def test_a_call_on_a_closed_client_is_an_error(sandbox: Sandbox) -> None:
    client = NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url)
    client.event(sandbox.event_id).ping()
    client.close()
    client.close()
    with pytest.raises(ConfigError, match="closed"):
        client.event(sandbox.event_id).ping()


def test_an_unused_client_starts_no_thread(sandbox: Sandbox) -> None:
    before = threading.active_count()
    with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
        client.event(sandbox.event_id).photos()
        assert threading.active_count() == before
    with pytest.raises(ConfigError, match="closed"):
        list(client.events())
