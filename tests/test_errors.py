from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import ninepic_async as sdk
from ninepic_async import errors
from ninepic_async._contract.messages import Reply
from tests.canned import KEY, failed, reply, rig

CALL: Any = {"endpoint": "photos", "attempts": 3, "request_id": "r-1"}
EACH: list[errors.NinePicError] = [
    sdk.NinePicError("all"),
    sdk.ConfigError("setting"),
    sdk.InvalidInputError("argument"),
    sdk.DownloadError("files"),
    sdk.GalleryError("folder"),
    sdk.EventNotFoundError("no event", nearest=("a-run",)),
    sdk.APIStatusError("teapot", status=418, **CALL),
    sdk.BadRequestError("no", status=400, **CALL),
    sdk.AuthenticationError("no", **CALL),
    sdk.PermissionDeniedError("no", **CALL),
    sdk.FeatureDisabledError("off", feature="bib_search", **CALL),
    sdk.NotFoundError("no", **CALL),
    sdk.UnprocessableEntityError("no", problems=[sdk.Problem("page", "too small")], **CALL),
    sdk.RateLimitError("slow", retry_after=2.5, **CALL),
    sdk.InternalServerError("no", status=503, **CALL),
    sdk.APIConnectionError("cut", **CALL),
    sdk.APITimeoutError("late", **CALL),
    sdk.DecodeError(path="$.a", expected="x", received="y", body="{}", **CALL),
    sdk.ClipJobFailedError("no", **CALL),
    sdk.ClipJobTimeoutError("late", **CALL),
]


def test_the_list_above_is_of_all_of_them() -> None:
    public = {getattr(sdk, name) for name in sdk.__all__ if name.endswith("Error")}
    assert {type(error) for error in EACH} == public


@pytest.mark.parametrize("error", EACH, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles_with_all_it_has(error: errors.NinePicError, protocol: int) -> None:
    for twin in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert twin.__dict__ == error.__dict__
        assert (twin.args, str(twin)) == (error.args, str(error))


@pytest.mark.parametrize("error", EACH[6:], ids=lambda error: type(error).__name__)
def test_the_text_of_a_failed_call_names_it(error: errors.CallError) -> None:
    for part in ("photos: ", "after 3 attempts", "request_id r-1"):
        assert part in str(error)


STATUSES = {
    400: sdk.BadRequestError,
    401: sdk.AuthenticationError,
    403: sdk.PermissionDeniedError,
    404: sdk.NotFoundError,
    413: sdk.APIStatusError,
    422: sdk.UnprocessableEntityError,
    429: sdk.RateLimitError,
    500: sdk.InternalServerError,
    502: sdk.InternalServerError,
    503: sdk.InternalServerError,
    504: sdk.InternalServerError,
    302: sdk.APIStatusError,
    418: sdk.APIStatusError,
    599: sdk.InternalServerError,
}
BODIES = {
    "own": (failed(400, "BIB number 1234 not found").body, "BIB number 1234 not found"),
    "bare": (b'{"message": "Too Many Requests"}', "Too Many Requests"),
    "html": (b"<html><h1>502 Bad Gateway</h1></html>", "502 Bad Gateway"),
    "empty": (b"", "empty body"),
    "blank": (b" \r\n", "empty body"),
    "list": (b'["no"]', '["no"]'),
    "message of another type": (b'{"message": 7}', '{"message": 7}'),
    "cut short": (b'{"message": "Too M', '{"message": "Too M'),
    "not text": (b"\xff\x00\xfe", "\ufffd"),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", BODIES)
async def test_every_status_and_body_is_its_own_error(status: int, body: str) -> None:
    content, shown = BODIES[body]
    once = sdk.RetryPolicy(attempts=1)
    with pytest.raises(sdk.APIStatusError) as caught:
        await rig([Reply(status, {"content-type": "text/html"}, content)], retry=once).event.ping()
    error = caught.value
    assert type(error) is STATUSES[status]
    assert (error.status, error.endpoint, error.attempts) == (status, "ping", 1)
    assert shown in error.message
    assert str(error).startswith(f"ping: {status} ")


async def status_error(answer: Reply) -> Any:
    with pytest.raises(sdk.APIStatusError) as caught:
        await rig([answer], retry=sdk.RetryPolicy(attempts=1)).event.ping()
    return caught.value


async def test_a_422_is_taken_apart() -> None:
    error = await status_error(failed(422, "query.page: must be >= 1; body.method: unknown; and more"))
    assert error.problems == (
        sdk.Problem("query.page", "must be >= 1"),
        sdk.Problem("body.method", "unknown"),
        sdk.Problem("", "and more"),
    )


async def test_a_422_without_fields_has_its_text_as_the_problem() -> None:
    assert (await status_error(failed(422, "nope"))).problems == (sdk.Problem("", "nope"),)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None), ("-3", 0.0)])
@pytest.mark.parametrize("status", STATUSES)
async def test_every_status_error_carries_the_pause_that_was_asked_for(
    status: int, header: str, seconds: float | None
) -> None:
    assert (await status_error(failed(status, retry_after=header))).retry_after == seconds


async def test_a_long_gateway_page_is_quoted_in_part() -> None:
    error = await status_error(reply(b"<html>" + b"x" * 5000, 502))
    assert len(str(error)) < 400


async def test_an_error_body_shows_no_signed_query() -> None:
    for body in (
        b'{"message": "see https://x.example/a?sig=s3cret"}',
        b"<a href='https://x.example/a?sig=s3cret'>",
    ):
        assert "s3cret" not in repr(await status_error(reply(body, 400)))


async def test_a_status_error_has_the_replys_headers_and_the_beginning_of_its_body() -> None:
    answer = reply(b'{"message": "no"}', 404, x_request_id="req-1", retry_after="7")
    error = await status_error(answer)
    assert error.headers["X-Request-ID"] == error.headers["x-request-id"] == "req-1"
    assert error.headers.get("RETRY-AFTER") == "7"
    assert "x-other" not in error.headers
    assert set(error.headers) == {"content-type", "x-request-id", "retry-after"}
    assert error.body == '{"message": "no"}'
    assert str(error).endswith("[x-request-id req-1]")


async def test_the_headers_survive_pickling_and_are_json_ready() -> None:
    error = await status_error(failed(500, "no", x_amzn_requestid="req-1"))
    for other in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert other.headers["X-Amzn-RequestId"] == "req-1"
        assert str(other) == str(error)
    assert error.to_dict()["headers"]["x-amzn-requestid"] == "req-1"


async def test_an_error_in_a_200_has_them_too() -> None:
    body = {"responseType": "error", "message": "no", "data": None}
    error = await status_error(reply(body, 200, cf_ray="ray-1"))
    assert error.status == 200
    assert error.headers["CF-Ray"] == "ray-1"
    assert "responseType" in error.body


async def test_neither_shows_a_secret() -> None:
    headers = {
        "set_cookie": "session=c00kie",
        "www_authenticate": "Key c00kie",
        "x_echo": f"the key {KEY}",
        "location": "https://photos.example/a.jpg?X-Amz-Signature=c00kie",
        "x_request_id": f"{KEY}",
    }
    body = f'{{"message": "no", "url": "https://photos.example/a.jpg?sig=c00kie", "key": "{KEY}"}}'.encode()
    for status in (404, 200):
        shown_body = body.replace(b'"message"', b'"responseType": "error", "data": null, "message"')
        error = await status_error(reply(shown_body if status == 200 else body, status, **headers))
        shown = f"{error} {error.headers} {error.body} {error.to_json()} {vars(error)}"
        assert KEY not in shown
        assert "c00kie" not in shown
        assert error.headers["set-cookie"] == "***"
        assert "photos.example/a.jpg" in error.headers["Location"]


async def test_both_are_bounded() -> None:
    many = {f"x_{number}": "y" for number in range(1000)}
    assert len((await status_error(reply(b"x", 500, **many))).headers) == 100
    large = {f"x_{number}": "y" * 10_000 for number in range(1000)}
    error = await status_error(reply(b"x" * 1_000_000, 500, **large))
    assert len(error.headers) > 20
    assert len(repr(error.headers)) < 300_000
    assert len(error.body) < 5000
