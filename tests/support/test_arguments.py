from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import ConfigError, InvalidInputError
from ninepic_async.client import NinePic
from tests.canned import KEY, Rig, failed, gallery, images, ok, pagination, rig


def silent() -> Rig:
    return rig([])


MORNING = datetime(2026, 1, 19, 6, tzinfo=UTC)


@pytest.mark.parametrize("event_id", [0, -1, True, 1.5, "x", "", "1/2", "..", None])
def test_an_event_id_is_a_number(event_id: Any) -> None:
    with pytest.raises(InvalidInputError, match="event_id"):
        NinePic(KEY, 903).event(event_id)


def test_an_event_id_may_be_digits() -> None:
    assert NinePic(KEY, 903).event("456").event_id == 456


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "10"])
def test_a_page_size_is_a_whole_number(size: Any) -> None:
    event = silent().event
    for make in (
        lambda: event.photos(page_size=size),
        lambda: event.bib_search("7", page_size=size),
        lambda: event.face_results("r", page_size=size),
        lambda: event.originals(bib="7", page_size=size),
        lambda: event.timeline_photos(MORNING, MORNING + timedelta(hours=1), page_size=size),
        lambda: NinePic(KEY, 903).events(page_size=size),
    ):
        with pytest.raises(InvalidInputError, match="page_size"):
            make()


@pytest.mark.parametrize("bib", ["", "  ", None, True, b"7", 1.5])
def test_a_bib_is_text_or_a_number(bib: Any) -> None:
    with pytest.raises(InvalidInputError, match="bib"):
        silent().event.bib_search(bib)


@pytest.mark.parametrize("bib", [".", "..", "\ud800"])
async def test_values_that_no_path_can_hold_are_never_sent(bib: str) -> None:
    nothing = silent()
    with pytest.raises(InvalidInputError, match="bib"):
        await nothing.event.bib_search(bib).collect()
    with pytest.raises(InvalidInputError, match="request_id"):
        await nothing.event.face_results(bib).collect()
    with pytest.raises(InvalidInputError, match="request_id"):
        await nothing.event.clip_job(bib).status()
    assert nothing.requests == []


@pytest.mark.parametrize("request_id", ["", " ", None, 7])
def test_a_request_id_is_text(request_id: Any) -> None:
    event = silent().event
    for make in (event.face_results, event.clip_job):
        with pytest.raises(InvalidInputError, match="request_id"):
            make(request_id)


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"bib": "7", "search": "r"},
        {"bib": "7", "image_id": "a", "image_ids": ["a"]},
        {"bib": ""},
        {"search": " "},
        {"selfie": "me.jpg"},
        {"photos": []},
        {"photos": "abc"},
        {"photos": 7},
        {"image_ids": ["a"], "photos": []},
        {"image_id": ""},
        {"image_id": 7},
        {"image_ids": []},
        {"image_ids": ["a", ""]},
        {"image_ids": ["a", None]},
        {"image_ids": "abc"},
        {"image_ids": 7},
    ],
)
def test_originals_take_exactly_one_whole_argument(given_: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        silent().event.originals(**given_)


def test_originals_of_a_selfie_say_to_search_first() -> None:
    with pytest.raises(InvalidInputError, match=r"face_search first, and pass its result as search="):
        silent().event.originals(selfie="me.jpg")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"selfie": b"\xff\xd8\xff", "search": "r"},
        {"search": ""},
        {"request_id": "r"},
        {"search": "r", "request_id": "r"},
        {"selfie": b"\xff\xd8\xff", "request_id": ""},
    ],
)
async def test_clips_take_a_selfie_or_a_search(given_: dict[str, Any]) -> None:
    nothing = silent()
    for call in (nothing.event.clips, nothing.event.start_clips):
        with pytest.raises(InvalidInputError):
            await call(**given_)
    assert nothing.requests == []


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), True, "60", None])
async def test_every_wait_has_a_bound(timeout: Any) -> None:
    nothing = silent()
    with pytest.raises(InvalidInputError, match="timeout"):
        await nothing.event.clips(search="r", timeout=timeout)
    with pytest.raises(InvalidInputError, match="timeout"):
        await nothing.event.clip_job("r").wait(timeout=timeout)
    assert nothing.requests == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (MORNING.replace(tzinfo=None), MORNING),
        (MORNING, MORNING.replace(tzinfo=None)),
        (MORNING, MORNING),
        (MORNING, MORNING - timedelta(seconds=1)),
        (date(2026, 1, 19), MORNING),
        (1768802400, MORNING),
    ],
)
def test_a_time_range_is_aware_and_forwards(start: Any, end: Any) -> None:
    with pytest.raises(InvalidInputError):
        silent().event.timeline_photos(start, end)


moments = st.datetimes(
    datetime(1971, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))]),
)


@given(moments, moments, st.integers(-2, 2))
def test_a_time_range_holds_the_same_whole_seconds_on_the_wire(a: datetime, b: datetime, near: int) -> None:
    start, end = sorted((a, b))
    if start == end:
        return
    listing = silent().event.timeline_photos(start, end)._listing
    query = listing.request(rig([]).engine.scope).query
    for border in (start, end):
        second = int(border.timestamp()) + near
        taken = datetime.fromtimestamp(second, UTC)
        assert (start <= taken < end) == (int(query["from"]) <= second < int(query["to"]))


@pytest.mark.parametrize("limit", [-1, -100, 2.5, "5", True])
async def test_a_limit_is_a_whole_number_from_zero(limit: Any) -> None:
    with pytest.raises(InvalidInputError, match="limit"):
        await silent().event.photos().collect(limit)


async def test_a_list_is_not_asked_for_until_it_is_read() -> None:
    asked = rig([ok(images([], pagination(0)))])
    pager = asked.event.photos()
    assert asked.requests == []
    assert await pager.collect() == []
    assert len(asked.requests) == 1


def test_bad_input_is_a_config_error_and_a_value_error() -> None:
    assert issubclass(InvalidInputError, ConfigError)
    assert issubclass(ConfigError, ValueError)


async def test_image_ids_may_come_from_a_generator_and_be_read_twice() -> None:
    answers = rig([failed(403), failed(403)])
    pager = answers.event.originals(image_ids=(name for name in "ab"))
    for _ in range(2):
        with pytest.raises(Exception, match="403"):
            await pager.first_page()
    assert [request.json and request.json["identifier"] for request in answers.requests] == [["a", "b"]] * 2


async def test_a_bib_may_be_a_number() -> None:
    answers = rig(lambda request: gallery(1, request))
    await answers.event.bib_search(1234).collect()
    assert answers.requests[0].path.endswith("/bibs/1234")


async def test_an_argument_without_a_name_is_refused_with_the_names() -> None:
    event: Any = silent().event
    for call in (event.clips, event.start_clips):
        with pytest.raises(InvalidInputError, match=r"clips\(selfie=…\) or (start_)?clips\(search=…\)"):
            await call("selfie.jpg")
    with pytest.raises(InvalidInputError, match=r"originals\(bib=…\) or"):
        event.originals("1234")


def test_a_slug_in_place_of_a_number_names_the_call_that_takes_one() -> None:
    with pytest.raises(InvalidInputError, match=r"find_event\(\) takes a slug"):
        NinePic(KEY, 903).event("mumbai-marathon")
    with pytest.raises(ConfigError) as caught:
        NinePic(KEY, "903x")
    assert "find_event" not in str(caught.value)
