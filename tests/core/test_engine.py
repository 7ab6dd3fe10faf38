from __future__ import annotations

import asyncio
import json
import logging
import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import pytest
from attrs import evolve

from ninepic_async import (
    APIStatusError,
    APITimeoutError,
    ClipJobFailedError,
    DecodeError,
    Event,
    FeatureDisabledError,
    NinePicError,
    NotFoundError,
    PermissionDeniedError,
    RetryPolicy,
    UnprocessableEntityError,
)
from ninepic_async._contract.messages import Reply, Request, SendError
from tests.canned import BASE, EVENT_ID, KEY, PING, details, failed, images, ok, pagination, reply, rig

JPEG = b"\xff\xd8\xff\xe0selfie"
FACES = ok({"request_id": "theirs", **images([1], pagination(1))})
Call = Callable[[Event], Awaitable[object]]


async def never(request: Request) -> Reply:
    await asyncio.Event().wait()
    raise AssertionError


async def test_one_deadline_over_a_reply_that_never_comes() -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(APITimeoutError, match=r"within 0\.05 s") as caught:
        await rig(never, timeout_s=0.05).event.ping()
    assert asyncio.get_running_loop().time() - started < 1
    assert (caught.value.endpoint, caught.value.attempts) == ("ping", 1)


async def test_a_timeout_names_the_last_failure_before_it() -> None:
    answers: list[Any] = [failed(503, "busy")]

    async def answer(request: Request) -> Reply:
        return answers.pop() if answers else await never(request)

    with pytest.raises(APITimeoutError) as caught:
        await rig(answer, timeout_s=0.5, retry=RetryPolicy(initial_s=0)).event.ping()
    assert str(caught.value) == (
        "ping: no answer within 0.5 s; the last failure was: 503 busy (after 2 attempts)"
    )
    assert isinstance(caught.value.__cause__, NinePicError)
    assert caught.value.attempts == 2


async def test_request_id_is_constant_through_retries_and_on_the_error() -> None:
    answers = rig([failed(500), SendError("reset"), failed(502), failed(429), failed(504)])
    with pytest.raises(NinePicError) as caught:
        await answers.event.face_search(JPEG)
    sent = {request.form["request_id"] for request in answers.requests}
    assert sent == {caught.value.request_id}  # type: ignore[attr-defined]
    assert len(answers.requests) == 5
    assert len({request.upload for request in answers.requests}) == 1


@pytest.mark.parametrize(
    "answer", [failed(413), failed(403), reply(b"{", 200)], ids=["refused", "denied", "undecodable"]
)
async def test_every_error_of_a_search_carries_its_request_id(answer: Reply) -> None:
    answers = rig([answer, ok(details())])
    with pytest.raises(NinePicError) as caught:
        await answers.event.start_clips(selfie=JPEG)
    assert answers.requests[0].form == {"request_id": caught.value.request_id}  # type: ignore[attr-defined]


UPLOADS: list[Call] = [lambda e: e.face_search(JPEG), lambda e: e.start_clips(selfie=JPEG)]
REFUSALS = [
    failed(400, "request_id is malformed"),
    failed(404, "no such request_id"),
    failed(422, "body.request_id: unknown"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: str(refusal.status))
@pytest.mark.parametrize("call", UPLOADS)
async def test_a_refused_request_id_is_dropped_and_the_refusal_is_remembered(
    call: Call, refusal: Reply
) -> None:
    answers = rig([refusal, FACES, FACES, FACES])
    await call(answers.event)
    first, second = answers.requests
    assert list(first.form) == ["request_id"]
    assert second.form == {}
    assert second.upload == first.upload
    assert answers.clock.waits == []
    for other in UPLOADS:
        await other(answers.event)
    assert [request.form for request in answers.requests[2:]] == [{}, {}]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: str(refusal.status))
async def test_a_second_refusal_is_an_error_and_nothing_is_remembered(refusal: Reply) -> None:
    answers = rig([refusal, refusal, FACES])
    with pytest.raises(APIStatusError) as caught:
        await answers.event.face_search(JPEG)
    assert (caught.value.status, caught.value.attempts) == (refusal.status, 2)
    await answers.event.face_search(JPEG)
    assert [list(request.form) for request in answers.requests] == [["request_id"], [], ["request_id"]]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: str(refusal.status))
async def test_a_request_id_of_the_callers_is_never_dropped_from_an_upload(refusal: Reply) -> None:
    answers = rig([refusal])
    with pytest.raises(APIStatusError) as caught:
        await answers.event.face_search(JPEG, request_id="mine")
    assert [request.form for request in answers.requests] == [{"request_id": "mine"}]
    assert caught.value.request_id == "mine"


async def test_views_of_a_client_share_what_was_learned() -> None:
    answers = rig([failed(404), FACES, FACES])
    await answers.event.face_search(JPEG)
    await Event(evolve(answers.engine, timeout_s=5), EVENT_ID).face_search(JPEG)
    assert answers.requests[2].form == {}


@pytest.mark.parametrize(
    "call",
    [
        lambda e: e.face_search(JPEG, request_id="mine"),
        lambda e: e.start_clips(search="mine"),
        lambda e: e.face_results("mine").collect(),
        lambda e: e.clip_job("mine").status(),
        lambda e: e.ping(),
    ],
)
async def test_a_request_id_of_the_callers_is_never_dropped(call: Call) -> None:
    answers = rig([failed(404)])
    with pytest.raises(NotFoundError):
        await call(answers.event)
    assert len(answers.requests) == 1


@pytest.mark.parametrize("lost", [SendError("reset"), failed(502), failed(503), failed(504)], ids=str)
async def test_an_ambiguous_post_without_a_request_id_is_not_resent(lost: Reply | SendError) -> None:
    answers = rig([failed(404), FACES, lost, failed(400), lost])
    await answers.event.face_search(JPEG)
    with pytest.raises(NinePicError, match=r"not sent again.*charged twice") as caught:
        await answers.event.face_search(JPEG)
    assert len(answers.requests) == 3
    assert "charged twice" in repr(caught.value)


@pytest.mark.parametrize("sure", [SendError("refused", never_sent=True), failed(500), failed(429)], ids=str)
async def test_a_post_that_did_no_work_is_resent_without_a_request_id_too(sure: Reply | SendError) -> None:
    answers = rig([failed(404), sure, FACES])
    assert (await answers.event.face_search(JPEG)).request_id == "theirs"
    assert [list(request.form) for request in answers.requests] == [["request_id"], [], []]


async def test_a_form_field_is_learnt_and_kept() -> None:
    answers = rig([failed(422, "body.file: Field required"), FACES, FACES, ok({"request_id": "r"})])
    await answers.event.face_search(JPEG)
    await answers.event.face_search(JPEG)
    await Event(answers.engine, 7).start_clips(selfie=JPEG)
    fields = [request.upload and request.upload.form_field for request in answers.requests]
    assert fields == ["selfie", "file", "file", "file"]
    first, second = answers.requests[:2]
    assert first.form == second.form != {}


async def test_a_form_field_is_learnt_once_a_call() -> None:
    answers = rig([failed(422, "body.file: Field required"), failed(422, "body.photo: field required")])
    with pytest.raises(UnprocessableEntityError, match="photo"):
        await answers.event.face_search(JPEG)
    assert len(answers.requests) == 2


async def test_both_fallbacks_in_one_call() -> None:
    answers = rig([failed(422, "query.x: bad; body.image: Field required"), failed(404), FACES])
    await answers.event.face_search(JPEG)
    last = answers.requests[2]
    assert (last.form, last.upload and last.upload.form_field) == ({}, "image")


@pytest.mark.parametrize(
    ("message", "renamed", "dropped"),
    [
        ("body.file: Field required", True, False),
        ("body.selfie: Field required", False, False),
        ("body.request_id: Field required", False, True),
        ("body.file: too large", False, True),
        ("Field required", False, True),
        ('body.x"\r\nevil: Field required', False, True),
        ("", False, True),
    ],
)
async def test_a_422_renames_the_field_that_it_misses_and_any_other_drops_the_request_id(
    message: str, renamed: bool, dropped: bool
) -> None:
    answers = rig([failed(422, message), failed(422, message)])
    with pytest.raises(UnprocessableEntityError):
        await answers.event.face_search(JPEG)
    assert len(answers.requests) == 1 + (renamed or dropped)
    first, last = answers.requests[0], answers.requests[-1]
    assert (first.form == last.form) is not dropped
    assert last.upload is not None
    assert last.upload.form_field == ("file" if renamed else "selfie")


SEARCHES: list[tuple[Call, tuple[str, ...]]] = [
    (lambda e: e.bib_search("7").collect(), ("bib_search",)),
    (lambda e: e.face_search(JPEG), ("selfie_search",)),
    (lambda e: e.face_results("r").collect(), ("selfie_search",)),
    (lambda e: e.timeline_days(), ("timeline_search",)),
    (lambda e: e.start_clips(search="r"), ("video_search", "video_selfie_search")),
    (lambda e: e.clip_job("r").status(), ("video_search", "video_selfie_search")),
]


@pytest.mark.parametrize(("call", "flags"), SEARCHES)
async def test_a_403_of_a_search_that_is_off_says_which(call: Call, flags: tuple[str, ...]) -> None:
    for flag in flags:
        answers = rig([failed(403, "Forbidden"), ok(details(**{flag: False}))])
        with pytest.raises(FeatureDisabledError) as caught:
            await call(answers.event)
        error = caught.value
        assert (error.feature, error.status, error.attempts) == (flag, 403, 1)
        assert flag in str(error)
        assert ("support@9pic.ai" if flag == "video_search" else "organiser") in str(error)
        assert str(EVENT_ID) in str(error)
        assert [request.path for request in answers.requests][1:] == [f"{BASE}/details"]
        assert type(error.__cause__) is PermissionDeniedError


@pytest.mark.parametrize(
    "look", [ok(details()), failed(403), failed(500), SendError("reset"), reply(b"<html>")], ids=str
)
async def test_a_403_that_no_flag_explains_is_raised_as_it_is(look: Reply | SendError) -> None:
    answers = rig([failed(403, "Invalid API key"), look])
    with pytest.raises(PermissionDeniedError, match="Invalid API key") as caught:
        await answers.event.bib_search("7").collect()
    assert type(caught.value) is PermissionDeniedError
    assert (caught.value.attempts, len(answers.requests)) == (1, 2)


@pytest.mark.parametrize("call", [lambda e: e.ping(), lambda e: e.photos().collect(), lambda e: e.details()])
async def test_no_flags_are_fetched_after_a_403_of_a_call_without_flags(call: Call) -> None:
    answers = rig([failed(403)])
    with pytest.raises(PermissionDeniedError):
        await call(answers.event)
    assert len(answers.requests) == 1


@pytest.mark.parametrize("answer", [failed(404), failed(400), failed(422), reply(b"{", 200)], ids=str)
async def test_no_flags_are_fetched_after_other_failures(answer: Reply) -> None:
    answers = rig([answer])
    with pytest.raises(NinePicError):
        await answers.event.bib_search("7").collect()
    assert len(answers.requests) == 1


async def test_a_403_is_raised_if_fetching_the_flags_hangs() -> None:
    async def answer(request: Request) -> Reply:
        return await never(request) if request.path.endswith("/details") else failed(403)

    with pytest.raises(PermissionDeniedError):
        await rig(answer, timeout_s=0.5).event.bib_search("7").collect()


ECHOES = {
    "own error": failed(403, f"key {KEY} is inactive"),
    "gateway page": reply(f"<p>X-API-Key: {KEY}</p>".encode(), 502),
    "422": failed(422, f"header.x-api-key: {KEY} is unknown"),
    "429": reply({"message": f"{KEY} is throttled"}, 429),
    "not JSON": reply(f"{KEY} hello".encode()),
    "2xx that says error": reply({"responseType": "error", "message": KEY, "data": None}),
    "wrong type": ok({**PING, "org_id": KEY}),
    "unknown key": ok({KEY: 1}),
}


@pytest.mark.parametrize("echo", ECHOES)
async def test_a_key_that_the_server_echoes_shows_nowhere(
    echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NinePicError) as caught:
        await rig([ECHOES[echo]] * 2, retry=RetryPolicy(attempts=2)).event.ping()
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + caplog.text
    assert KEY not in shown
    assert "***" in shown


async def test_a_key_that_json_escapes_shows_nowhere() -> None:
    key = "ab/cd+ef=="
    body = rb'{"message": "bad key ab\/cd+ef=="}'
    with pytest.raises(NinePicError) as caught:
        await rig([reply(body, 401)], key=key).event.ping()
    assert key not in f"{caught.value} {vars(caught.value)}"


async def test_one_debug_line_an_attempt_and_a_warning_a_retry(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ninepic_async")
    await rig([failed(503), ok(PING)]).event.ping()
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in lines] == ["DEBUG", "WARNING", "DEBUG"]
    assert re.fullmatch(r"ping: 503 in [\d.]+ ms \(attempt 1\)", lines[0][1])
    assert lines[1][1] == "ping: 503 no: next attempt in 0.50 s (2 of 5)"
    assert re.fullmatch(r"ping: 200 in [\d.]+ ms \(attempt 2\)", lines[2][1])
    assert logging.getLogger("ninepic_async").handlers == []


async def test_a_decode_error_is_not_retried_and_counts_its_attempts() -> None:
    answers = rig([failed(500), ok({**PING, "org_id": "903"})])
    with pytest.raises(DecodeError) as caught:
        await answers.event.ping()
    error = caught.value
    assert (error.endpoint, error.attempts, error.path) == ("ping", 2, "$.data.org_id")


SPELLINGS = [KEY, KEY.upper(), "".join(f"\\u{ord(letter):04x}" for letter in KEY), KEY.replace("-", "%2D")]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_key_that_a_successful_reply_echoes_shows_nowhere(spelling: str) -> None:
    def answer(request: Request) -> Reply:
        if request.method == "POST":
            lost = {"image_id": "a", "error": f"denied for {spelling}"}
            data: dict[str, Any] = {"presigned_urls": [], "failed_urls": [lost], "pagination": pagination(1)}
        elif "video-clipping" in request.path:
            data = {"status": "failed", "message": f"key {spelling}", "clips": []}
        else:
            data = {**images([1], pagination(1)), "debug": {"key": spelling}}
        return reply(json.dumps({"data": data}).replace("\\\\u", "\\u").encode())

    event = rig(answer).event
    links = await event.originals(bib="7").first_page()
    photos = await event.photos().first_page()
    with pytest.raises(ClipJobFailedError) as caught:
        await event.clip_job("r").wait()
    for shown in (f"{links.failed}", f"{photos.extra}", f"{caught.value} {caught.value!r}"):
        assert KEY not in unquote(shown).lower().replace(KEY.lower(), KEY)
        assert "***" in shown
