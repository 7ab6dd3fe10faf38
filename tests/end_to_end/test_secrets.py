from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from traceback import TracebackException

import aiohttp
import pytest

from ninepic_async import APIStatusError, NinePic, NinePicError
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .calls import CALLS, scene_in
from .clients import FOREVER, arm, client_of, failure_of, sent
from .tour import Participants

ECHO = "the key was {key}"
FAULTS: dict[str, FaultFields] = {
    "reset": {"reset": True},
    "lost reply": {"lose_reply": True},
    "truncated": {"truncate_after": 20},
    "gateway page": {"status": 502, "body": f"<html>{ECHO}</html>"},
    "refusal": {"status": 400, "body": {"responseType": "error", "message": ECHO, "data": None}},
    "schema": {"status": 422, "body": {"responseType": "error", "message": f"a: {ECHO}", "data": None}},
    "denial": {"status": 403, "body": {"message": ECHO}},
    "throttle": {"status": 429, "body": {"message": ECHO}},
    "page in a 200": {"status": 200, "body": f"<html>{ECHO}</html>"},
    "error in a 200": {"status": 200, "body": {"responseType": "error", "message": ECHO, "data": None}},
    "wrong type": {"status": 200, "body": {"responseType": "success", "message": "", "data": ECHO}},
    "wrong types": {"status": 200, "body": {"request_id": 7, "org_id": ECHO, ECHO: ECHO}},
    "late": {"delay_s": 0.15},
}


def with_key(fields: FaultFields, key: str) -> FaultFields:
    body = fields.get("body", b"")
    if isinstance(body, str):
        return {**fields, "body": body.format(key=key)}
    if isinstance(body, dict):
        said = {name.format(key=key): _said(value, key) for name, value in body.items()}
        return {**fields, "body": said}
    return fields


def _said(value: object, key: str) -> object:
    return value.format(key=key) if isinstance(value, str) else value


def shown(error: NinePicError) -> str:
    """Give everything that people may get to see of an error, its causes and their frames included."""
    return "".join(
        (
            str(error),
            repr(error),
            repr(vars(error)),
            *TracebackException.from_exception(error, capture_locals=True).format(),
            repr(pickle.dumps(error)),
        )
    )


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_error_and_no_log_shows_the_key(
    fault: str, sb: Sandbox, client: NinePic, people: Participants, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scene = scene_in(sb, people)
    arm(sb, with_key(FAULTS[fault], sb.api_key), times=FOREVER)
    hurried = client.with_options(timeout=0.1) if fault == "late" else client

    for endpoint in ("ping", "photos", "face_search", "start_clips", "clip_status", "originals"):
        text = shown(await failure_of(lambda name=endpoint: CALLS[name](hurried, scene)))  # type: ignore[misc]
        assert "engine.py" in text
        assert sb.api_key not in text

    assert sb.api_key not in caplog.text


@pytest.mark.parametrize(
    "misuse",
    [
        lambda key: NinePic(key + "\n", 1),
        lambda key: NinePic(f" {key}", 1),
        lambda key: NinePic(key, 0),
        lambda key: NinePic(key, 1, base_url="http://api.9pic.ai"),
        lambda key: NinePic(key, 1, timeout=-1),
    ],
)
def test_no_configuration_error_shows_the_key(misuse: Callable[[str], NinePic]) -> None:
    key = "9pic_secret_0123456789"

    with pytest.raises(NinePicError) as caught:
        misuse(key)

    assert key not in f"{caught.value!s}{caught.value!r}"


async def test_nothing_that_a_client_gives_out_shows_the_key(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    things = [client, event, event.photos(), client.events(), event.clip_job("a"), await event.ping()]

    assert all(sb.api_key not in f"{thing!r}{thing!s}" for thing in things)
    assert sb.api_key not in f"{[{**vars(thing)} for thing in (client, event)]!r}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", ["photos", "face_search", "originals"])
async def test_a_redirect_to_another_host_is_an_error_and_takes_no_key_there(
    endpoint: str, status: int, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    elsewhere = f"{sb.photos_url}/imgs/{sb.event_id}/cover.jpg"
    sb.faults.add(endpoint=endpoint, times=FOREVER, status=status, headers={"Location": elsewhere})

    error = await failure_of(lambda: CALLS[endpoint](client, scene))

    assert isinstance(error, APIStatusError)
    assert (error.status, error.endpoint) == (status, endpoint)
    assert {record.host for record in sb.requests} == {"api"}
    assert sb.state.key_leaks == []


async def test_the_photo_host_never_sees_the_key(sb: Sandbox, people: Participants) -> None:
    scene = scene_in(sb, people)
    async with aiohttp.ClientSession() as session:
        client = client_of(sb, session=session)
        event = client.event(sb.event_id)
        links = [link.url for link in await event.originals(bib=people.bib).collect(limit=1)]
        links += [photo.thumbnail_url for photo in await event.photos().collect(limit=1)]
        links += [clip.url for clip in (await event.clip_job(scene.request_id).status()).clips[:1]]
        for link in links:
            async with session.get(link) as reply:
                assert reply.status == 200
        await client.aclose()
        assert "X-API-Key" not in session.headers

    asked = [record for record in sb.requests if record.host == "photos"]
    assert [record.endpoint for record in asked] == ["original", "photo", "clip"]
    assert all("X-API-Key" not in record.headers for record in asked)
    assert all(record.headers["X-API-Key"] for record in sb.requests if record.host == "api")
    assert sb.state.key_leaks == []
    assert len(sent(sb)) == 3
