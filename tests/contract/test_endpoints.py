"""What each call puts on the wire, seen through the public face."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import Event, InvalidInputError, Pager
from ninepic_async._contract import endpoints
from ninepic_async._contract.endpoint import segment
from ninepic_async._contract.messages import Request, Scope, Upload
from tests.canned import BASE, EVENT_ID, ORG_ID, PING, details, images, ok, pagination, rig

JPEG = b"\xff\xd8\xff\xe0selfie"
EMPTY = ok(images([], pagination(0)))
NO_LINKS = ok({"presigned_urls": [], "pagination": pagination(0)})
PAGE = {"page": "1", "page_size": "100"}


async def sent(answer: Any, call: Callable[[Event], Awaitable[object]]) -> Request:
    with_answer = rig([answer])
    await call(with_answer.event)
    (request,) = with_answer.requests
    return request


async def test_ping() -> None:
    request = await sent(ok(PING), lambda event: event.ping())
    assert request == Request(method="GET", path=f"{BASE}/ping")


async def test_details() -> None:
    request = await sent(ok(details()), lambda event: event.details())
    assert request == Request(method="GET", path=f"{BASE}/details")


async def test_events() -> None:
    answers = rig([ok({"events": [], "pagination": pagination(0)})])
    await Pager(answers.engine.run, endpoints.Events()).collect()
    (request,) = answers.requests
    assert request == Request(method="GET", path=f"/api/v1/ext/{ORG_ID}/events", query=PAGE)


async def test_photos() -> None:
    request = await sent(EMPTY, lambda event: event.photos().collect())
    assert request == Request(method="GET", path=f"{BASE}/images", query=PAGE)


async def test_a_page_size_of_ones_own() -> None:
    request = await sent(EMPTY, lambda event: event.photos(page_size=7).collect())
    assert request.query == {"page": "1", "page_size": "7"}


async def test_bib_search() -> None:
    request = await sent(EMPTY, lambda event: event.bib_search("1234").collect())
    assert request == Request(method="GET", path=f"{BASE}/bibs/1234", query=PAGE)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("A/12", "A%2F12"),
        ("१२३", "%E0%A5%A7%E0%A5%A8%E0%A5%A9"),
        ("12 34", "12%2034"),
        (" 7 ", "%207%20"),
        ("../../events", "..%2F..%2Fevents"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c&d=e", "a%3Fb%23c%26d%3De"),
        ("a+b;c", "a%2Bb%3Bc"),
        ("...", "..."),
        ("\\..\\", "%5C..%5C"),
        ("a\r\nHost: x", "a%0D%0AHost%3A%20x"),
    ],
)
async def test_no_value_climbs_out_of_its_segment(value: str, encoded: str) -> None:
    assert (
        await sent(EMPTY, lambda event: event.bib_search(value).collect())
    ).path == f"{BASE}/bibs/{encoded}"
    assert (
        await sent(EMPTY, lambda event: event.face_results(value).collect())
    ).path == f"{BASE}/faces/{encoded}"
    under_way = ok({"status": "queued"})
    assert (await sent(under_way, lambda event: event.clip_job(value).status())).path == (
        f"{BASE}/video-clipping/{encoded}"
    )


@given(st.text(min_size=1))
def test_any_text_is_one_segment_that_reads_back_or_is_refused(value: str) -> None:
    try:
        encoded = segment(value, "bib")
    except InvalidInputError:
        assert not value.strip() or value in (".", "..") or any("\ud800" <= c <= "\udfff" for c in value)
        return
    assert unquote(encoded) == value
    assert encoded.isascii()
    assert not set("/?#\\ ") & set(encoded)
    assert encoded not in (".", "..")


async def test_face_results() -> None:
    request = await sent(EMPTY, lambda event: event.face_results("r-1", page_size=5).collect())
    assert request == Request(method="GET", path=f"{BASE}/faces/r-1", query={"page": "1", "page_size": "5"})


def faces(request_id: str = "r-1") -> dict[str, Any]:
    return {"request_id": request_id, "confidence_percentage": 80, **images([1], pagination(1))}


async def test_face_search_mints_a_uuid4_and_sends_the_picture() -> None:
    first = await sent(ok(faces()), lambda event: event.face_search(JPEG))
    second = await sent(ok(faces()), lambda event: event.face_search(JPEG))
    assert (first.method, first.path, first.query) == ("POST", f"{BASE}/faces", PAGE)
    assert first.upload == Upload("selfie", "selfie.jpg", "image/jpeg", JPEG)
    assert first.json is None
    assert list(first.form) == ["request_id"]
    assert uuid.UUID(first.form["request_id"]).version == 4
    assert first.form != second.form


async def test_face_search_with_a_request_id_and_page_size_of_ones_own() -> None:
    request = await sent(ok(faces()), lambda event: event.face_search(JPEG, request_id="mine", page_size=9))
    assert request.form == {"request_id": "mine"}
    assert request.query == {"page": "1", "page_size": "9"}


async def test_later_pages_of_a_face_search_are_read_not_uploaded() -> None:
    first = {**faces("theirs"), **images(range(2), pagination(3, size=2))}
    answers = rig([ok(first), ok(images([2], pagination(3, 2, 2)))])
    search = await answers.event.face_search(JPEG, page_size=2)
    assert (search.request_id, search.total, search.confidence_percentage) == ("theirs", 3, 80.0)
    assert len(answers.requests) == 1
    assert [photo.image_id for photo in await search.collect()] == ["photo-0", "photo-1", "photo-2"]
    assert answers.requests[1] == Request(
        method="GET", path=f"{BASE}/faces/theirs", query={"page": "2", "page_size": "2"}
    )
    assert len(answers.requests) == 2


async def test_timeline_days() -> None:
    request = await sent(ok({"days": []}), lambda event: event.timeline_days())
    assert request == Request(method="GET", path=f"{BASE}/timeline/days")


async def test_timeline_photos() -> None:
    start, end = datetime(2026, 1, 19, 6, tzinfo=UTC), datetime(2026, 1, 19, 7, tzinfo=UTC)
    request = await sent(EMPTY, lambda event: event.timeline_photos(start, end).collect())
    assert request == Request(
        method="GET", path=f"{BASE}/timeline/images", query={"from": "1768802400", "to": "1768806000", **PAGE}
    )


async def test_start_clips_by_selfie() -> None:
    request = await sent(ok({"request_id": "r"}), lambda event: event.start_clips(selfie=JPEG))
    assert (request.method, request.path) == ("POST", f"{BASE}/video-clipping/search-by-selfie")
    assert request.upload == Upload("selfie", "selfie.jpg", "image/jpeg", JPEG)
    assert uuid.UUID(request.form["request_id"]).version == 4


async def test_start_clips_by_request_id_uploads_nothing() -> None:
    request = await sent(ok({"request_id": "r"}), lambda event: event.start_clips(search="r"))
    assert request == Request(
        method="POST", path=f"{BASE}/video-clipping/search-by-selfie", form={"request_id": "r"}
    )
    assert request.multipart


async def test_clip_status() -> None:
    request = await sent(ok({"status": "queued"}), lambda event: event.clip_job("r").status())
    assert request == Request(method="GET", path=f"{BASE}/video-clipping/r")


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ({"bib": "A/12"}, {"method": "bib", "identifier": "A/12"}),
        ({"bib": 1234}, {"method": "bib", "identifier": "1234"}),
        ({"search": "r-1"}, {"method": "selfie", "identifier": "r-1"}),
        ({"image_id": "b5-9g3g"}, {"method": "image_id", "identifier": "b5-9g3g"}),
        ({"image_ids": ["a", "b"]}, {"method": "image_ids", "identifier": ["a", "b"]}),
    ],
)
async def test_originals(arguments: dict[str, Any], body: dict[str, Any]) -> None:
    request = await sent(NO_LINKS, lambda event: event.originals(**arguments).collect())
    assert request == Request(
        method="POST", path=f"{BASE}/original-photos", query={"page": "1", "page_size": "60"}, json=body
    )


async def test_originals_of_a_face_search() -> None:
    answers = rig([ok(faces("theirs")), NO_LINKS])
    await answers.event.originals(search=await answers.event.face_search(JPEG)).collect()
    assert answers.requests[1].json == {"method": "selfie", "identifier": "theirs"}


async def test_nothing_of_a_selfie_shows_in_a_repr() -> None:
    call = endpoints.FaceSearch(event_id=EVENT_ID, selfie=None, request_id="r")
    request = await sent(ok(faces()), lambda event: event.face_search(b"\xff\xd8\xffpixels"))
    assert "pixels" not in repr(request)
    assert call.request(Scope(ORG_ID)).upload is None
