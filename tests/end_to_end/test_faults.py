from __future__ import annotations

import asyncio

import pytest
from attrs import frozen

from ninepic_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    DecodeError,
    InternalServerError,
    NinePic,
    NinePicError,
    PermissionDeniedError,
    RateLimitError,
)
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .calls import CALLS, scene_in
from .clients import ATTEMPTS, FOREVER, Stopwatch, arm, client_of, failure_of, quick, sent, until
from .tour import Participants

HTML = "<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
REFUSED_IN_A_200 = {"responseType": "error", "message": "try later", "data": None}
NO_DATA = {"responseType": "success", "message": "Records", "data": None}


@frozen
class Ending:
    """What a fault that does not go away ends in; None: no whole reply, so no status."""

    kind: type[NinePicError]
    status: int | None = None
    attempts: int = ATTEMPTS


PASSING: dict[str, tuple[FaultFields, Ending]] = {
    "HTML 502": ({"status": 502, "body": HTML}, Ending(InternalServerError, 502)),
    "HTML 503": ({"status": 503, "body": HTML}, Ending(InternalServerError, 503)),
    "HTML 504": ({"status": 504, "body": HTML}, Ending(InternalServerError, 504)),
    "empty 502": ({"status": 502}, Ending(InternalServerError, 502)),
    "bare message 429": (
        {"status": 429, "body": {"message": "Too Many Requests"}},
        Ending(RateLimitError, 429),
    ),
    "reset": ({"reset": True}, Ending(APIConnectionError)),
    "lost reply": ({"lose_reply": True}, Ending(APIConnectionError)),
    "truncated": ({"truncate_after": 20}, Ending(APIConnectionError)),
}
LASTING: dict[str, tuple[FaultFields, Ending]] = {
    "bare message 403": (
        {"status": 403, "body": {"message": "Forbidden"}},
        Ending(PermissionDeniedError, 403, 1),
    ),
    "HTML 413": ({"status": 413, "body": HTML}, Ending(APIStatusError, 413, 1)),
    "empty 200": ({"status": 200}, Ending(DecodeError, None, 1)),
    "HTML 200": ({"status": 200, "body": HTML}, Ending(DecodeError, None, 1)),
    "half of a JSON": ({"status": 200, "body": '{"responseType": "succ'}, Ending(DecodeError, None, 1)),
    "a list": ({"status": 200, "body": []}, Ending(DecodeError, None, 1)),
    "null data": ({"status": 200, "body": NO_DATA}, Ending(DecodeError, None, 1)),
    "error in a 200": ({"status": 200, "body": REFUSED_IN_A_200}, Ending(APIStatusError, 200, 1)),
}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("endpoint", CALLS)
async def test_a_passing_fault_is_survived(
    endpoint: str, fault: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    undisturbed = await CALLS[endpoint](client, scene)
    asked = len(sent(sb))
    arm(sb, PASSING[fault][0], endpoint)

    assert await CALLS[endpoint](client, scene) == undisturbed
    assert sb.faults.unused == []
    assert len(sent(sb)) == 2 * asked + 1


@pytest.mark.parametrize("fault", PASSING | LASTING)
@pytest.mark.parametrize("endpoint", CALLS)
async def test_a_lasting_fault_is_a_typed_error_that_names_the_call(
    endpoint: str, fault: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    fields, ending = (PASSING | LASTING)[fault]
    arm(sb, fields, endpoint, FOREVER)

    error = await failure_of(lambda: CALLS[endpoint](client, scene))

    assert type(error) is ending.kind
    assert isinstance(error, APIStatusError | APIConnectionError | DecodeError)
    assert (error.endpoint, error.attempts) == (endpoint, ending.attempts)
    assert getattr(error, "status", None) == ending.status
    assert sent(sb).count(endpoint) == ending.attempts
    assert str(error).startswith(f"{endpoint}: ")


async def test_every_call_ends_with_its_deadline(sb: Sandbox, client: NinePic, people: Participants) -> None:
    scene = scene_in(sb, people)
    sb.faults.add(times=FOREVER, delay_s=5)
    patient = client.with_options(timeout=0.3, retry=quick(attempts=FOREVER))

    async def timed(endpoint: str) -> tuple[NinePicError, float]:
        watch = Stopwatch()
        return await failure_of(lambda: CALLS[endpoint](patient, scene)), watch.seconds

    for endpoint, (error, took) in zip(
        CALLS, await asyncio.gather(*(timed(endpoint) for endpoint in CALLS)), strict=True
    ):
        assert type(error) is APITimeoutError
        assert (error.endpoint, error.attempts) == (endpoint, 1)
        assert 0.29 < took < 4, endpoint


@pytest.mark.parametrize("fault", ["HTML 503", "bare message 429", "reset", "truncated"])
async def test_no_number_of_retries_outlasts_the_deadline(fault: str, sb: Sandbox, client: NinePic) -> None:
    arm(sb, PASSING[fault][0], times=10 * FOREVER)
    stubborn = client.with_options(timeout=0.6, retry=quick(attempts=10 * FOREVER))
    watch = Stopwatch()

    error = await failure_of(stubborn.event(sb.event_id).ping)

    assert watch.seconds < 2
    assert isinstance(error, PASSING[fault][1].kind | APITimeoutError)
    assert isinstance(error, APIStatusError | APIConnectionError)
    assert error.attempts > ATTEMPTS
    assert error.attempts - len(sent(sb)) in (0, 1), "the last one may not have arrived"


async def test_a_timeout_names_the_failure_before_it(sb: Sandbox, client: NinePic) -> None:
    sb.faults.add(status=503, body=HTML)
    sb.faults.add(delay_s=5)

    error = await failure_of(client.with_options(timeout=1).event(sb.event_id).ping)

    assert type(error) is APITimeoutError
    assert error.attempts == 2
    assert type(error.__cause__) is InternalServerError
    assert "503" in str(error)


async def test_a_page_of_a_gateway_is_quoted(sb: Sandbox, client: NinePic) -> None:
    sb.faults.add(times=FOREVER, status=502, body=HTML, headers={"Content-Type": "text/html"})

    error = await failure_of(client.event(sb.event_id).details)

    assert str(error) == (
        f"details: 502 (text/html, {len(HTML)} bytes, not a reply from 9Pic itself) {HTML} (after 3 attempts)"
    )


async def test_a_host_that_is_not_there_is_a_connection_error() -> None:
    async with Sandbox(photos=1) as gone:
        pass
    async with client_of(gone) as client:
        error = await failure_of(client.event(gone.event_id).ping)

    assert type(error) is APIConnectionError
    assert (error.endpoint, error.attempts) == ("ping", ATTEMPTS)


async def test_a_closed_sandbox_leaves_no_delayed_reply_behind() -> None:
    before = asyncio.all_tasks()
    async with Sandbox(photos=1) as sb, client_of(sb) as client:
        sb.faults.add(delay_s=30)
        await failure_of(client.with_options(timeout=0.05).event(sb.event_id).ping)

    await until(lambda: asyncio.all_tasks() <= before)
