"""Any value in a field that is only shown, alone or deep in a list, leaves the rest of the reply readable."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from attrs import NOTHING, frozen

from ninepic_async import DecodeError, Event
from ninepic_async._contract.endpoints import Events
from ninepic_async._contract.messages import Reply
from tests.canned import details, image, images, pagination, rig

ODD: list[Any] = [
    *(None, "", 0, -1, 1.5, True, [], {}, "x", float("nan"), [[]], 10**30, "\ud83d"),
    *("0000-00-00", "2026-13-45T00:00:00", "2026-01-19T06:00:00+05:30", "2026-01-19", 1768781000),
]
EVENT = {
    "event_id": 456,
    "event_name": "M",
    "event_slug": "s",
    "event_date": "2026-01-19T06:00:00",
    "status": "active",
    "cover_image": None,
}
CLIP = {
    "clip_url": "https://c/1.mp4",
    "video_id": "v",
    "start_time": 1.5,
    "end_time": 2.0,
    "duration": 0.5,
    "thumbnail_url": None,
}
JOB = {"request_id": "r", "status": "done", "clips": [CLIP], "message": None}
FACES = {"request_id": "r", "confidence_percentage": 80, "images": [], "pagination": pagination(0)}
LINK = {"url": "https://a/b.jpg", "filename": "b.jpg"}


@frozen
class Case:
    item: dict[str, Any]
    shown: tuple[str, ...]
    """The fields that are only shown."""
    reply: Callable[[dict[str, Any]], dict[str, Any]]
    call: Callable[[Event], Awaitable[object]]


async def events(event: Event) -> object:
    return await event._engine.run(Events())


CASES = {
    "event": Case(
        EVENT,
        ("event_name", "event_slug", "event_date", "status", "cover_image"),
        lambda item: {"events": [EVENT, item], "pagination": pagination(2)},
        events,
    ),
    "details": Case(
        details(), ("event_name", "event_slug", "event_date", "status"), dict, lambda event: event.details()
    ),
    "photo": Case(
        image(2),
        ("height", "width", "original_url"),
        lambda item: {**images([1], pagination(2)), "images": [image(1), item]},
        lambda event: event.photos().first_page(),
    ),
    "clip": Case(
        CLIP,
        ("video_id", "start_time", "end_time", "duration", "thumbnail_url"),
        lambda item: {**JOB, "clips": [CLIP, item]},
        lambda event: event.clip_job("r").status(),
    ),
    "job": Case(JOB, ("message",), dict, lambda event: event.clip_job("r").status()),
    "faces": Case(FACES, ("confidence_percentage",), dict, lambda event: event.face_search(b"\xff\xd8\xff")),
    "failed original": Case(
        {"image_id": "b", "error": "no", "path": None},
        ("error", "path"),
        lambda item: {"presigned_urls": [LINK], "failed_urls": [item], "pagination": pagination(2)},
        lambda event: event.originals(bib="1").first_page(),
    ),
}
MISSING: Any = NOTHING


@pytest.mark.parametrize("odd", [*ODD, MISSING], ids=repr)
@pytest.mark.parametrize("name", CASES)
async def test_no_value_of_a_field_that_is_only_shown_kills_a_reply(name: str, odd: Any) -> None:
    case = CASES[name]
    for field in case.shown:
        item = {key: value for key, value in {**case.item, field: odd}.items() if value is not MISSING}
        body = json.dumps(case.reply(item)).encode()
        await case.call(rig([Reply(200, {}, body)]).event)


@pytest.mark.parametrize("odd", [None, {"code": 7}, 7, MISSING])
async def test_a_failed_original_without_a_readable_reason_has_an_empty_one(odd: Any) -> None:
    item = {"image_id": "b"} if odd is MISSING else {"image_id": "b", "error": odd}
    body = json.dumps(CASES["failed original"].reply(item)).encode()
    page = await rig([Reply(200, {}, body)]).event.originals(bib="1").first_page()
    assert [(failed.image_id, failed.error) for failed in page.failed] == [("b", "")]
    assert len(page.items) == 1


@pytest.mark.parametrize("flag", ["video_search", "video_selfie_search", "timeline_search"])
async def test_a_flag_that_older_servers_do_not_send_may_be_null(flag: str) -> None:
    body = json.dumps({**details(), flag: None}).encode()
    found = await rig([Reply(200, {}, body)]).event.details()
    assert getattr(found, flag) is False


@pytest.mark.parametrize("odd", [None, 0, 7, [], {}, "\ud83d"])
@pytest.mark.parametrize("field", ["image_id", "img_url"])
async def test_identity_stays_strict(field: str, odd: Any) -> None:
    body = json.dumps({**images([1], pagination(2)), "images": [image(1), image(2, **{field: odd})]}).encode()
    answers = rig([Reply(200, {}, body)])
    with pytest.raises(DecodeError) as caught:
        await answers.event.photos().first_page()
    assert caught.value.path.endswith(f".images[1].{field}")
