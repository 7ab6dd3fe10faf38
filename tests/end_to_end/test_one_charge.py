from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ninepic_async import APIConnectionError, APIStatusError, Event, InternalServerError, NinePic
from ninepic_async.sandbox import Dialect, Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .clients import PHOTOS, arm, client_of, failure_of, sent
from .tour import Participants, empty_event_id

Search = Callable[[Event, bytes], Awaitable[str]]


async def _face_search(event: Event, selfie: bytes) -> str:
    return (await event.face_search(selfie)).request_id


async def _start_clips(event: Event, selfie: bytes) -> str:
    return (await event.start_clips(selfie=selfie)).request_id


async def _clips(event: Event, selfie: bytes) -> str:
    return (await event.clips(selfie=selfie, timeout=30)).request_id


SEARCHES: dict[str, tuple[str, Search]] = {
    "face_search": ("face_search", _face_search),
    "start_clips": ("start_clips", _start_clips),
    "clips": ("start_clips", _clips),
}
MISHAPS: dict[str, FaultFields] = {
    "reply lost after the work": {"lose_reply": True},
    "reply cut short after the work": {"truncate_after": 30},
    "reset before the head": {"reset": True},
    "500": {"status": 500, "body": {"responseType": "error", "message": "Internal", "data": None}},
    "503": {"status": 503, "body": "<html>Service Unavailable</html>"},
    "429": {"status": 429, "body": {"message": "Too Many Requests"}},
    "429 with Retry-After": {"status": 429, "headers": {"Retry-After": "0"}},
}


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("search", SEARCHES)
async def test_a_selfie_is_charged_once_after_any_fault(
    search: str, mishap: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    endpoint, run = SEARCHES[search]
    sb.state.clip_seconds = 0
    arm(sb, MISHAPS[mishap], endpoint, times=2)

    request_id = await run(client.event(empty_event_id(sb)), people.selfie)

    assert sb.faults.unused == []
    assert sent(sb).count(endpoint) == 3
    assert [(charge.endpoint, charge.request_id) for charge in sb.state.charges] == [(endpoint, request_id)]


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_a_selfie_is_charged_once_where_request_ids_of_ours_are_refused(
    mishap: str, people: Participants
) -> None:
    dialect = Dialect(adopts_request_ids=False)
    async with Sandbox(photos=PHOTOS, dialect=dialect) as sb, client_of(sb) as client:
        arm(sb, MISHAPS[mishap], "face_search")

        search = await client.event(empty_event_id(sb)).face_search(people.selfie)

        assert sb.faults.unused == []
        assert [charge.request_id for charge in sb.state.charges] == [search.request_id]


@pytest.mark.parametrize("mishap", ["reply lost after the work", "reply cut short after the work", "503"])
async def test_an_ambiguous_post_without_a_request_id_is_not_sent_again(
    mishap: str, people: Participants
) -> None:
    dialect = Dialect(adopts_request_ids=False)
    async with Sandbox(photos=PHOTOS, dialect=dialect) as sb, client_of(sb) as client:
        sb.faults.add(endpoint="face_search")
        arm(sb, MISHAPS[mishap], "face_search")

        error = await failure_of(lambda: client.event(empty_event_id(sb)).face_search(people.selfie))

        assert type(error) is (InternalServerError if mishap == "503" else APIConnectionError)
        assert sent(sb) == ["face_search", "face_search"]
        assert sb.state.searches_charged <= 1


async def test_a_failed_search_is_picked_up_again_by_the_request_id_on_its_error(
    sb: Sandbox, client: NinePic, people: Participants
) -> None:
    sb.faults.add(endpoint="face_search", times=3, lose_reply=True)
    event = client.event(sb.event_id)

    error = await failure_of(lambda: event.face_search(people.selfie))

    assert isinstance(error, APIConnectionError)
    assert error.request_id is not None
    assert len(await event.face_results(error.request_id).collect()) > 0
    assert (await event.face_search(people.selfie, request_id=error.request_id)).total > 0
    assert sb.state.searches_charged == 1


async def test_a_picture_that_is_refused_is_not_charged(sb: Sandbox, event: Event) -> None:
    error = await failure_of(lambda: event.face_search(b"no picture"))

    assert isinstance(error, APIStatusError)
    assert (error.status, error.attempts, error.endpoint) == (400, 2, "face_search")
    assert error.request_id is not None
    assert sb.state.charges == []
