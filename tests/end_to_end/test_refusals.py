from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ninepic_async import (
    AuthenticationError,
    ConfigError,
    FeatureDisabledError,
    InvalidInputError,
    NinePic,
    PermissionDeniedError,
)
from ninepic_async.sandbox import Dialect, Sandbox

from .calls import CALLS, Scene
from .clients import client_of, failure_of, sent
from .tour import Participants

SOME_ID = "00000000-0000-4000-8000-000000000000"
SEARCHES = {
    "bib_search": "bib_search",
    "face_search": "selfie_search",
    "face_results": "selfie_search",
    "timeline_days": "timeline_search",
    "timeline_photos": "timeline_search",
    "start_clips": "video_search",
    "clip_status": "video_search",
}
"""Which flag each search needs."""


def place_in(sb: Sandbox, place: int) -> Scene:
    return Scene(sb.events[place].event_id, "1", b"\xff\xd8\xff", SOME_ID)


@pytest.mark.parametrize(("endpoint", "flag"), SEARCHES.items())
async def test_a_search_that_is_switched_off_names_its_flag(
    endpoint: str, flag: str, sb: Sandbox, client: NinePic
) -> None:
    error = await failure_of(lambda: CALLS[endpoint](client, place_in(sb, 6)))

    assert type(error) is FeatureDisabledError
    assert isinstance(error, PermissionDeniedError)
    assert (error.feature, error.status, error.endpoint, error.attempts) == (flag, 403, endpoint, 1)
    assert f"{flag} is off for event {sb.events[6].event_id}" in str(error)
    assert ("support@9pic.ai" if flag == "video_search" else "organiser") in str(error)
    assert sent(sb) == [endpoint, "details"]


@pytest.mark.parametrize(
    ("place", "endpoint", "flag"),
    [
        (1, "bib_search", "bib_search"),
        (2, "start_clips", "video_search"),
        (3, "start_clips", "video_selfie_search"),
        (3, "clip_status", "video_selfie_search"),
        (3, "timeline_days", "timeline_search"),
    ],
)
async def test_the_flag_that_is_named_is_the_one_that_is_off(
    place: int, endpoint: str, flag: str, sb: Sandbox, client: NinePic
) -> None:
    error = await failure_of(lambda: CALLS[endpoint](client, place_in(sb, place)))

    assert isinstance(error, FeatureDisabledError)
    assert error.feature == flag


async def test_motion_in_one_coroutine_names_the_flag_too(
    sb: Sandbox, client: NinePic, people: Participants
) -> None:
    event = client.event(sb.events[6].event_id)

    error = await failure_of(lambda: event.clips(selfie=people.selfie, timeout=30))

    assert isinstance(error, FeatureDisabledError)
    assert error.feature == "video_search"


async def test_a_flag_that_an_older_edition_lacks_is_named(people: Participants) -> None:
    async with Sandbox(photos=10, dialect=Dialect(late_flags=False)) as sb, client_of(sb) as client:
        error = await failure_of(client.event(sb.events[3].event_id).timeline_days)

    assert isinstance(error, FeatureDisabledError)
    assert error.feature == "timeline_search"


@pytest.mark.parametrize("endpoint", CALLS)
async def test_a_wrong_key_is_plainly_denied(endpoint: str, sb: Sandbox) -> None:
    async with client_of(sb, api_key="9pic_wrong") as client:
        error = await failure_of(lambda: CALLS[endpoint](client, place_in(sb, 6)))

    assert type(error) is PermissionDeniedError
    assert (error.status, error.endpoint, error.attempts) == (403, endpoint, 1)
    assert error.message == "Invalid or inactive API key"


async def test_another_event_and_another_organisation_are_denied(sb: Sandbox, client: NinePic) -> None:
    assert type(await failure_of(client.event(1).ping)) is PermissionDeniedError
    async with NinePic(sb.api_key, sb.org_id + 1, base_url=sb.base_url) as other:
        assert type(await failure_of(other.event(sb.event_id).ping)) is PermissionDeniedError


async def test_a_missing_key_has_its_own_error(sb: Sandbox, client: NinePic) -> None:
    sb.faults.add(status=401, body={"responseType": "error", "message": "Missing API key", "data": None})

    assert type(await failure_of(client.event(sb.event_id).ping)) is AuthenticationError


class _Broken(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("the disk is gone")


SELFIES: dict[str, Callable[[Path], Any]] = {
    "missing": lambda folder: folder / "missing.jpg",
    "missing, as text": lambda folder: str(folder / "missing.jpg"),
    "a folder": lambda folder: folder,
    "an empty file": lambda folder: folder / "empty.jpg",
    "no bytes": lambda folder: b"",
    "an empty stream": lambda folder: io.BytesIO(),
    "text": lambda folder: io.StringIO("selfie"),
    "unreadable": lambda folder: _Broken(b"selfie"),
    "a number": lambda folder: 7,
}


@pytest.mark.parametrize("kind", SELFIES)
async def test_a_selfie_that_is_not_there_is_refused_before_the_wire(
    kind: str, sb: Sandbox, client: NinePic, tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").touch()
    selfie = SELFIES[kind](tmp_path)
    event = client.event(sb.event_id)

    for call in (
        lambda: event.face_search(selfie),
        lambda: event.start_clips(selfie=selfie),
        lambda: event.clips(selfie=selfie, timeout=5),
    ):
        error = await failure_of(call)
        assert type(error) is InvalidInputError
        assert isinstance(error, ConfigError)
    assert sent(sb) == []


Refused = Callable[[NinePic], Awaitable[object]]


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(lambda client: client.event(1).bib_search("  ").collect(), id="blank bib"),
        pytest.param(lambda client: client.event(1).bib_search("..").collect(), id="climbing bib"),
        pytest.param(lambda client: client.event(1).face_results("").collect(), id="empty request_id"),
        pytest.param(lambda client: client.event(1).photos(page_size=0).collect(), id="page_size 0"),
        pytest.param(lambda client: client.event(1).photos().collect(limit=-1), id="limit -1"),
        pytest.param(lambda client: client.event(1).originals().collect(), id="no method"),
        pytest.param(lambda client: client.event(1).originals(image_ids=[]).collect(), id="no ids"),
        pytest.param(lambda client: client.event(1).clips(timeout=5), id="neither selfie nor request_id"),
        pytest.param(lambda client: client.event(1).clip_job(SOME_ID).wait(timeout=0), id="no time"),
        pytest.param(lambda client: client.event(0).ping(), id="event 0"),
    ],
)
async def test_an_argument_that_cannot_be_right_is_refused_before_the_wire(
    refused: Refused, sb: Sandbox, client: NinePic
) -> None:
    assert type(await failure_of(lambda: refused(client))) is InvalidInputError
    assert sent(sb) == []
