"""Replies that are odd, but in which everything that matters is there."""

from __future__ import annotations

import json
import logging
import pickle
import time
from typing import Any

import pytest

from ninepic_async import DecodeError, InternalServerError, RetryPolicy
from ninepic_async._contract import endpoints
from ninepic_async._contract.body import parse
from ninepic_async._contract.messages import Reply
from tests.canned import EVENT_ID, failed, image, images, ok, pagination, reply, rig

PHOTOS = endpoints.Photos(event_id=EVENT_ID)
EVENTS = endpoints.Events()
TEXT = json.dumps(images([1, 2], pagination(2)))


@pytest.mark.parametrize(
    "body",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
)
def test_every_encoding_of_json_is_read(body: bytes) -> None:
    assert PHOTOS.decode(reply(body)) == PHOTOS.decode(reply(TEXT.encode()))


def with_photo(raw: bytes) -> Reply:
    """Return a page whose second photo has this JSON in place of its width."""
    body = json.dumps(images([1, 2], pagination(2))).encode()
    head, _, tail = body.rpartition(b'"width": 3240')
    return reply(head + b'"width": 3240, ' + raw + tail)


@pytest.mark.parametrize(
    "raw",
    [
        b'"caption": "half an emoji \\ud83d"',
        b'"caption": "the other half \\ude00 and \\ude00\\ud83d"',
        b'"caption": "bytes \xf0\x9f\x98"',
        b'"score": NaN',
        b'"score": [Infinity, -Infinity]',
    ],
)
def test_one_unreadable_value_that_nobody_needs_does_not_kill_the_page(raw: bytes) -> None:
    page = PHOTOS.decode(with_photo(raw))
    assert [photo.image_id for photo in page.items] == ["photo-1", "photo-2"]
    assert page.items[1].extra


def test_text_around_half_an_emoji_stays_as_it_is() -> None:
    whole = parse(rb'["\ud83d\ude00", "a\\ud83d", "\\\ud83dz", NaN]')
    assert whole == ["\U0001f600", "a\\ud83d", "\\\ufffdz", None]


@pytest.mark.parametrize("raw", [b'"photo-\\ud83d"', b'"photo-\xf0\x9f"'])
def test_an_id_that_is_not_quite_readable_is_an_error(raw: bytes) -> None:
    body = TEXT.encode().replace(b'"photo-2"', raw)
    with pytest.raises(DecodeError, match="invalid characters") as caught:
        PHOTOS.decode(reply(body))
    assert caught.value.path == "$.images[1].image_id"


def test_whole_numbers_may_be_written_with_a_point() -> None:
    answer = reply(TEXT.replace("4860", "4860.0").replace('"total": 2', '"total": 2.0').encode())
    page = PHOTOS.decode(answer)
    assert [photo.height for photo in page.items] == [4860, 4860]
    assert type(page.items[0].height) is type(page.pagination.total) is int
    assert answer.oddities == set()


@pytest.mark.parametrize("value", [456.0, "456", True, None])
def test_the_number_of_an_event_is_strict(value: object) -> None:
    with pytest.raises(DecodeError, match="event_id"):
        EVENTS.decode(ok({"events": [{"event_id": value}], "pagination": pagination(1)}))


@pytest.mark.parametrize("value", [4860.5, "tall", True, [4860], {}])
def test_a_field_that_is_only_shown_becomes_none(value: object) -> None:
    answer = ok({"images": [image(1), image(2, height=value)], "pagination": pagination(2)})
    page = PHOTOS.decode(answer)
    assert [photo.height for photo in page.items] == [4860, None]
    assert answer.oddities == {"ImageItem.height"}


@pytest.mark.parametrize(
    "value", ["yesterday", "", "0000-00-00", "0000-00-00T00:00:00", 1768802400, "5872-78-85"]
)
def test_a_date_that_is_none_becomes_none(value: object) -> None:
    answer = ok({"events": [{"event_id": 1, "event_date": value}], "pagination": pagination(1)})
    assert EVENTS.decode(answer).items[0].event_date is None
    assert answer.oddities == {"EventListItem.event_date"}


async def test_a_client_warns_once_of_each_field(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    odd = ok({"images": [image(1, width="x", height="y"), image(2, width="z")], "pagination": pagination(2)})
    answers = rig(lambda _: odd)
    for _ in range(3):
        await answers.event.photos().collect()
    assert [record.getMessage() for record in caplog.records] == [
        "photos: the value of ImageItem.height can't be used, so it is None",
        "photos: the value of ImageItem.width can't be used, so it is None",
    ]


@pytest.mark.parametrize(
    ("call", "data"),
    [
        (PHOTOS, {"images": None, "pagination": pagination(0)}),
        (EVENTS, {"events": None, "pagination": pagination(0)}),
        (
            endpoints.Originals(event_id=EVENT_ID, method="bib", identifier="7"),
            {"presigned_urls": None, "failed_urls": None, "pagination": pagination(0)},
        ),
    ],
)
def test_null_is_an_empty_list(call: Any, data: dict[str, Any]) -> None:
    page = call.decode(ok(data))
    assert (page.items, page.failed) == ((), ())


def test_hours_may_be_null() -> None:
    days = {"days": [{"date": "2026-01-19", "total": 3, "hours": None}]}
    assert endpoints.TimelineDays(event_id=EVENT_ID).decode(ok(days))[0].hours == ()


def test_unknown_keys_that_are_huge_are_dropped() -> None:
    kept = image(1, note="x" * 60_000)
    dropped = image(2, note="x" * 70_000)
    page = PHOTOS.decode(ok({"images": [kept, dropped], "pagination": pagination(2)}))
    assert [len(photo.extra) for photo in page.items] == [1, 0]


@pytest.mark.parametrize("filler", [b"0", b"null", b"{}", b'{"image_id":1}', b"NaN", b'"\\ud83d"'])
def test_a_long_list_of_wrong_items_ends_at_the_first(filler: bytes) -> None:
    body = b'{"images":[' + b",".join([filler] * (2_000_000 // len(filler))) + b'],"pagination":{}}'
    with pytest.raises(DecodeError) as caught:
        PHOTOS.decode(reply(body))
    assert caught.value.path in ("$.images[0]", "$.images[0].image_id", "$")
    assert len(str(caught.value)) < 1000


def test_deeply_nested_json_is_an_error() -> None:
    for body in (b"[" * 500_000, b'{"a":' * 100_000, b'{"images":[NaN,' + b"[" * 5000):
        with pytest.raises(DecodeError):
            PHOTOS.decode(reply(body))


async def test_messages_and_problems_are_cut() -> None:
    once = RetryPolicy(attempts=1)
    for message in ("http://" * 20_000, "a: b; " * 20_000, "x" * 200_000, "\u0301" * 100_000):
        with pytest.raises(Exception, match="422") as caught:
            await rig([failed(422, message)] * 2, retry=once).event.ping()
        error: Any = caught.value
        assert len(error.message) <= 2001
        assert len(error.problems) <= 100


async def test_control_characters_of_a_server_reach_no_log(caplog: pytest.LogCaptureFixture) -> None:
    evil = "one\r\n2026 ERROR forged\x1b[2J\u202e"
    with pytest.raises(InternalServerError) as caught:
        await rig([failed(503, evil)] * 2, retry=RetryPolicy(attempts=2)).event.ping()
    for text in (str(caught.value), *(record.getMessage() for record in caplog.records)):
        assert text.isprintable(), text
    assert "forged" in caplog.text


def test_the_result_of_another_search_is_refused() -> None:
    call = endpoints.FaceResults(event_id=EVENT_ID, request_id="r-1")
    for request_id, is_ours in (("r-1", True), ("R-1", True), (None, True), ("r-2", False)):
        answer = ok({"request_id": request_id, **images([1], pagination(1))})
        if is_ours:
            assert len(call.decode(answer).items) == 1
        else:
            with pytest.raises(DecodeError, match="request_id"):
                call.decode(answer)


async def test_huge_headers_of_a_failed_reply_cost_no_time() -> None:
    headers = {f"x-{number}": "%39" * 20_000 for number in range(1000)}
    headers |= {"retry-after": "Thu, " * 13_000, "date": "Thu, " * 13_000}
    started = time.process_time()
    with pytest.raises(InternalServerError) as caught:
        await rig([Reply(500, headers, b"")], retry=RetryPolicy(attempts=1)).event.ping()
    assert time.process_time() - started < 2
    assert caught.value.retry_after is None
    assert len(pickle.dumps(caught.value)) < 600_000
