"""What a reply's bytes become, endpoint by endpoint."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import APIStatusError, DecodeError, TimelineDay, models
from ninepic_async._contract import endpoints
from ninepic_async._contract.endpoint import Endpoint
from ninepic_async._contract.messages import Reply
from tests.canned import EVENT_ID, PING, details, flat, image, images, ok, pagination, reply

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
PHOTOS = endpoints.Photos(event_id=EVENT_ID)
CLIP_STATUS = endpoints.ClipStatus(event_id=EVENT_ID, request_id="r-1")
HOUR = {"hour": 10, "count": 98}
LINK = {"url": "https://files.example/a.jpg?sig=s3cret", "filename": "a.jpg"}
ANSWERS: list[tuple[Endpoint[Any], dict[str, Any]]] = [
    (endpoints.Ping(event_id=EVENT_ID), dict(PING)),
    (endpoints.Events(), {"events": [{"event_id": 789}], "pagination": pagination(1)}),
    (endpoints.Details(event_id=EVENT_ID), details()),
    (PHOTOS, images([1, 2], pagination(2))),
    (endpoints.BibSearch(event_id=EVENT_ID, bib="7"), images([1], pagination(1))),
    (endpoints.FaceResults(event_id=EVENT_ID, request_id="r-1"), images([1], pagination(1))),
    (endpoints.TimelinePhotos(event_id=EVENT_ID, start_s=0, end_s=1), images([1], pagination(1))),
    (
        endpoints.TimelineDays(event_id=EVENT_ID),
        {"days": [{"date": "2024-01-01", "total": 98, "hours": [HOUR]}]},
    ),
    (
        endpoints.FaceSearch(event_id=EVENT_ID, selfie=None, request_id="r-1"),
        {"request_id": "r-1", "confidence_percentage": 80, **images([1], pagination(1))},
    ),
    (endpoints.StartClips(event_id=EVENT_ID, selfie=None), {"request_id": "r-1"}),
    (
        CLIP_STATUS,
        {"request_id": "r-1", "status": "done", "clips": [{"clip_url": "https://c.example/1.mp4"}]},
    ),
    (
        endpoints.Originals(event_id=EVENT_ID, method="bib", identifier="7"),
        {"presigned_urls": [LINK], "failed_urls": [], "pagination": pagination(1, size=60)},
    ),
]
each_endpoint = pytest.mark.parametrize(("call", "data"), ANSWERS, ids=[call.name for call, _ in ANSWERS])


def refusal(call: Endpoint[Any], answer: Reply) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        call.decode(answer)
    return caught.value


@each_endpoint
def test_envelope_and_flat_shape_decode_alike(call: Endpoint[Any], data: dict[str, Any]) -> None:
    assert call.decode(ok(data)) == call.decode(flat(data))


@each_endpoint
@pytest.mark.parametrize("own", [None, "x", [], {}, {"request_id": "theirs", "images": 7}], ids=repr)
def test_a_flat_payload_may_have_keys_called_as_the_envelopes(
    call: Endpoint[Any], data: dict[str, Any], own: object
) -> None:
    whole = {**data, "data": own, "message": "pong"}
    assert call.decode(flat(whole)) == call.decode(ok(whole))


@each_endpoint
def test_an_envelope_may_lack_its_kind_and_have_other_keys(call: Endpoint[Any], data: dict[str, Any]) -> None:
    for more in ({}, {"message": "fine"}, {"status": "success", "trace_id": "7"}):
        assert call.decode(flat({**more, "data": data})) == call.decode(flat(data))


@each_endpoint
def test_an_envelope_without_data_is_said_to_have_none(call: Endpoint[Any], data: dict[str, Any]) -> None:
    error = refusal(call, reply({"responseType": "success", "message": "fine"}))
    assert (error.path, error.received) == ("$.data", "nothing")


@each_endpoint
def test_data_null_is_an_error(call: Endpoint[Any], data: dict[str, Any]) -> None:
    error = refusal(call, reply({"responseType": "success", "message": "fine", "data": None}))
    assert (error.endpoint, error.path, error.expected, error.received) == (
        call.name,
        "$.data",
        "an object",
        "null",
    )


@each_endpoint
def test_a_2xx_that_says_error_is_one(call: Endpoint[Any], data: dict[str, Any]) -> None:
    with pytest.raises(APIStatusError, match="gone fishing") as caught:
        call.decode(reply({"responseType": "error", "message": "gone fishing", "data": data}))
    assert caught.value.status == 200


@each_endpoint
def test_a_truncated_body_is_an_error_that_quotes_it(call: Endpoint[Any], data: dict[str, Any]) -> None:
    whole = ok(data).body
    error = refusal(call, reply(whole[:-3]))
    assert error.path == "$"
    assert "JSON" in error.expected
    assert error.body.startswith('{"responseType"')


@each_endpoint
@pytest.mark.parametrize("body", [b"", b"<html>hello</html>", b"[]", b'"ok"', b"7", b"null", b"\xff\xfe{}"])
def test_a_body_that_is_no_json_object_is_an_error(
    call: Endpoint[Any], data: dict[str, Any], body: bytes
) -> None:
    error = refusal(call, reply(body))
    assert error.endpoint == call.name
    assert error.path == "$"
    assert error.received


@each_endpoint
@given(junk=JSON)
def test_every_reply_ends_in_a_model_or_a_typed_error(
    call: Endpoint[Any], data: dict[str, Any], junk: object
) -> None:
    key = next(iter(data))
    named = []
    for body in (junk, {"data": junk}, {**data, key: junk}, {"data": {**data, key: junk}}):
        try:
            call.decode(reply(json.dumps(body).encode()))
        except (DecodeError, APIStatusError) as error:
            named.append(error.endpoint)
    assert set(named) <= {call.name}


@given(word=st.sampled_from(["processing", "done", "failed", "nomatch", "zzz"]), clips=JSON)
def test_every_clip_list_ends_in_clips_or_a_typed_error(word: str, clips: object) -> None:
    for key in ("clips", "videos", "results"):
        try:
            status = CLIP_STATUS.decode(ok({"status": word, key: clips}))
        except DecodeError:
            assert word == "done" or clips or not isinstance(clips, list)
        else:
            assert all(clip.url for clip in status.clips)
            assert status.clips == () or isinstance(clips, list)


def test_unknown_keys_are_kept_at_every_level() -> None:
    page = PHOTOS.decode(
        ok(
            {
                "images": [image(1, photographer="Asha", extra={"a": 1})],
                "pagination": {**pagination(1), "cursor": "x"},
                "took_ms": 3,
            }
        )
    )
    assert page.extra == {"took_ms": 3}
    assert page.pagination.extra == {"cursor": "x"}
    assert page.items[0].extra == {"photographer": "Asha", "extra": {"a": 1}}


def test_nothing_unknown_leaves_extra_empty() -> None:
    page = PHOTOS.decode(ok(images([1], pagination(1))))
    assert (page.extra, page.pagination.extra, page.items[0].extra) == ({}, {}, {})


def test_old_spellings_are_read_and_are_not_extra() -> None:
    old = image(1)
    old["widht"], old["thumbanail_url"] = old.pop("width"), old.pop("thumbnail_url")
    del old["original_url"]
    old["orginal_url"] = "https://photos.9pic.ai/o.jpg"
    photo = PHOTOS.decode(ok({"images": [old], "pagination": pagination(1)})).items[0]
    assert photo == models.ImageItem(
        image_id="photo-1",
        img_url=image(1)["img_url"],
        thumbnail_url=image(1)["thumbnail_url"],
        height=4860,
        width=3240,
        original_url="https://photos.9pic.ai/o.jpg",
    )
    assert photo.extra == {}


@pytest.mark.parametrize(("new", "old", "width"), [(7, 8, 7), (None, 8, 8), (7, None, 7), (None, None, None)])
def test_of_both_spellings_the_current_one_wins_unless_it_is_null(
    new: int | None, old: int | None, width: int | None
) -> None:
    item = image(1, width=new, widht=old)
    assert PHOTOS.decode(ok({"images": [item], "pagination": pagination(1)})).items[0].width == width


def test_a_photo_may_lack_what_is_optional() -> None:
    item = {key: image(1)[key] for key in ("image_id", "img_url", "thumbnail_url")}
    photo = PHOTOS.decode(ok({"images": [item], "pagination": pagination(1)})).items[0]
    assert (photo.height, photo.width, photo.original_url) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value", "expected", "received"),
    [
        ("image_id", 7, "a string", "number 7"),
        ("image_id", True, "a string", "boolean True"),
        ("image_id", [7], "a string", "a list of 1"),
        ("image_id", None, "a string", "null"),
        ("img_url", {}, "a string", "an object with the keys (none)"),
    ],
)
def test_a_wrong_type_is_named_in_full(field: str, value: object, expected: str, received: str) -> None:
    body = {"images": [image(1), image(2, **{field: value})], "pagination": pagination(2)}
    for answer, root in ((ok(body), "$.data"), (flat(body), "$")):
        error = refusal(PHOTOS, answer)
        assert error.path == f"{root}.images[1].{field}"
        assert (error.endpoint, error.expected, error.received) == ("photos", expected, received)
        assert error.body == answer.body.decode()[:200] + "…"
        for part in (error.path, expected, received, "photos"):
            assert part in str(error)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total", "3"),
        ("currentPage", "1"),
        ("totalPages", False),
        ("hasNextPage", 1),
        ("hasNextPage", "true"),
        ("page_size", 32.5),
    ],
)
def test_pagination_is_strict_and_named_as_on_the_wire(field: str, value: object) -> None:
    error = refusal(PHOTOS, ok({"images": [], "pagination": {**pagination(0), field: value}}))
    assert error.path == f"$.data.pagination.{field}"


@pytest.mark.parametrize("key", ["images", "pagination"])
def test_a_missing_required_key_is_named(key: str) -> None:
    body = images([1], pagination(1))
    del body[key]
    error = refusal(PHOTOS, ok(body))
    assert (error.path, error.received) == (f"$.data.{key}", "nothing")


@pytest.mark.parametrize("flag", ["event_enabled", "bib_search", "selfie_search", "name_search"])
def test_flags_of_every_edition_are_required(flag: str) -> None:
    body = details()
    del body[flag]
    assert refusal(endpoints.Details(event_id=EVENT_ID), ok(body)).path == f"$.data.{flag}"


def test_flags_that_older_editions_lack_are_off() -> None:
    body = details()
    for flag in ("video_search", "video_selfie_search", "timeline_search"):
        del body[flag]
    found = endpoints.Details(event_id=EVENT_ID).decode(ok(body))
    assert (found.video_search, found.video_selfie_search, found.timeline_search) == (False, False, False)
    assert found.bib_search is True


def test_a_flag_is_a_boolean_and_nothing_like_it() -> None:
    for value in (1, "true", None):
        error = refusal(endpoints.Details(event_id=EVENT_ID), ok(details(bib_search=value)))  # type: ignore[arg-type]
        assert (error.path, error.expected) == ("$.data.bib_search", "true or false")


def test_events_with_everything_and_with_nothing() -> None:
    whole = {
        "event_id": 456,
        "event_name": "Mumbai Marathon 2026",
        "event_slug": "mumbai-marathon-2026",
        "event_date": "2026-01-19T06:00:00",
        "status": "active",
        "cover_image": "imgs/456/cover.jpg",
    }
    bare = {**dict.fromkeys(whole), "event_id": 789}
    page = endpoints.Events().decode(ok({"events": [whole, bare], "pagination": pagination(2)}))
    assert page.items[0] == models.EventListItem(**{**whole, "event_date": datetime(2026, 1, 19, 6)})  # type: ignore[arg-type]
    assert page.items[1] == models.EventListItem(event_id=789)


def test_timeline_days() -> None:
    days = endpoints.TimelineDays(event_id=EVENT_ID)
    body = {"days": [{"date": "2024-01-01", "total": 125, "hours": [HOUR, {"hour": 11, "count": 27}]}]}
    assert days.decode(ok({"days": []})) == []
    assert days.decode(ok(body)) == [
        TimelineDay(
            date=date(2024, 1, 1),
            total=125,
            hours=[models.TimelineHour(hour=10, count=98), models.TimelineHour(hour=11, count=27)],
        )
    ]
    body["days"][0]["hours"][1]["count"] = "27"  # type: ignore[index]
    assert refusal(days, ok(body)).path == "$.data.days[0].hours[1].count"


def test_an_empty_gallery_with_zeroed_pagination() -> None:
    zeroed = {**pagination(0, 0, 32), "currentPage": 0, "totalPages": 0}
    page = PHOTOS.decode(ok({"images": [], "pagination": zeroed}))
    assert page.items == ()
    assert (page.pagination.current_page, page.pagination.total_pages) == (0, 0)


@pytest.mark.parametrize("confidence", [None, 80, 80.5])
def test_face_search_keeps_its_threshold(confidence: float | None) -> None:
    call = endpoints.FaceSearch(event_id=EVENT_ID, selfie=None, request_id="mine")
    body = {"request_id": "theirs", "confidence_percentage": confidence, **images([1], pagination(1))}
    found = call.decode(ok(body))
    assert (found.request_id, found.confidence_percentage) == ("theirs", confidence)
    assert call.decode(ok({**body, "confidence_percentage": True})).confidence_percentage is None


def test_originals_with_failures_in_both_editions() -> None:
    call = endpoints.Originals(event_id=EVENT_ID, method="image_ids", identifier=("a", "b"))
    lost = {"image_id": "b", "error": "Failed to generate URL", "path": None}
    body = {
        "presigned_urls": [LINK],
        "failed_urls": [lost],
        "total_images": 2,
        "identifier": None,
        "pagination": pagination(2, size=60),
    }
    page = call.decode(flat({**body, "message": "Signed 1 of 2"}))
    assert page.items == (models.PresignedUrlItem(url=LINK["url"], filename="a.jpg"),)
    assert page.failed == (models.FailedUrlItem(image_id="b", error="Failed to generate URL"),)
    assert page.extra == {"total_images": 2, "identifier": None, "message": "Signed 1 of 2"}
    del body["failed_urls"]
    assert call.decode(ok(body)).failed == ()


def test_no_signed_query_shows_in_an_error() -> None:
    call = endpoints.Originals(event_id=EVENT_ID, method="bib", identifier="7")
    error = refusal(call, ok({"presigned_urls": [{**LINK, "filename": 7}], "pagination": pagination(1)}))
    assert "s3cret" not in f"{error} {error!r} {error.body} {error.received}"
