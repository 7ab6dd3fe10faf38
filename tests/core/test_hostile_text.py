"""Text from the service is short and on one line in messages and logs, and short in reprs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

import attrs
import pytest

import ninepic_async as sdk
from ninepic_async import DecodeError, Event, FaceSearch, NinePicError
from ninepic_async._contract.messages import Reply, Request
from tests.canned import KEY, details, failed, image, ok, pagination, rig

LONG = "a\nb\x1b[2J\u202e https://h/a?X-Amz-Signature=s3cret " + KEY + " x" * 500_000
JPEG = b"\xff\xd8\xffselfie"
Call = Callable[[Event], Awaitable[object]]


def clip(status: str, **more: Any) -> Reply:
    return ok({"request_id": "r", "status": status, "clips": [], **more})


def feature_off(request: Request) -> Reply:
    return failed(403, LONG) if "bibs" in request.path else ok(details(bib_search=False))


ERRORS: dict[str, tuple[Call, Callable[[Request], Reply]]] = {
    "a failed job": (lambda e: e.clip_job("r").wait(), lambda _: clip("failed", message=LONG)),
    "a failed job's word": (lambda e: e.clip_job("r").wait(), lambda _: clip("failed", message=None)),
    "an unknown word": (lambda e: e.clip_job("r").wait(timeout=3), lambda _: clip(LONG)),
    "a refusal": (lambda e: e.ping(), lambda _: failed(400, LONG)),
    "problems": (lambda e: e.ping(), lambda _: failed(422, f"body.{LONG}: {LONG}; b: {LONG}")),
    "a feature that is off": (lambda e: e.bib_search("7").collect(), feature_off),
    "a new id": (lambda e: e.face_search(JPEG), lambda _: ok({"request_id": LONG, "images": []})),
    "a new job's id": (lambda e: e.start_clips(selfie=JPEG), lambda _: ok({"request_id": LONG})),
    "another job's id": (lambda e: e.clip_job("r").status(), lambda _: clip("done", request_id=LONG)),
    "an error in a 200": (
        lambda e: e.ping(),
        lambda _: Reply(200, {}, failed(200, LONG).body),
    ),
    "a key": (lambda e: e.ping(), lambda _: ok({LONG: 1})),
    "a value": (lambda e: e.ping(), lambda _: ok({"status": "ok", "org_id": LONG, "event_id": 1})),
    "a redirect": (lambda e: e.ping(), lambda _: Reply(301, {"location": LONG}, b"")),
    "a content type": (lambda e: e.ping(), lambda _: Reply(200, {"content-type": LONG}, b"<")),
    "a request id": (lambda e: e.ping(), lambda _: Reply(500, {"x-request-id": LONG}, b"")),
}


@pytest.mark.parametrize("name", ERRORS)
async def test_messages_and_logs_are_short_and_on_one_line(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ninepic_async")
    call, answer = ERRORS[name]
    with pytest.raises(NinePicError) as caught:
        await call(rig(answer).event)
    shown = [str(caught.value), *(record.getMessage() for record in caplog.records)]
    for text in shown:
        assert text.isprintable()
        assert len(text) < 5000
        assert KEY not in text
        assert "s3cret" not in text
    assert len(repr(caught.value)) < 10_000
    assert KEY not in f"{caught.value!r} {vars(caught.value)}"


MODELS = [
    each
    for each in vars(sdk).values()
    if isinstance(each, type) and attrs.has(each) and each.__module__ == "ninepic_async.models"
]


@pytest.mark.parametrize("model", [*MODELS, FaceSearch])
def test_reprs_are_short(model: type) -> None:
    texts = [name for name, kind in get_type_hints(model).items() if kind in (str, str | None)]
    values = dict.fromkeys(texts, LONG)
    others: dict[str, Any] = {each.name: 7 for each in attrs.fields(model) if each.default is attrs.NOTHING}
    others |= {name: () for name in ("items", "images", "hours", "clips") if name in others}
    shown = repr(model(**{**others, **values}))
    assert len(shown) < 2_500 * (len(texts) + 1)
    assert "s3cret" not in shown


async def test_photos_with_long_ids_are_given_as_they_are() -> None:
    data = {"images": [image(1, image_id="i" * 100_000)], "pagination": pagination(1)}
    (photo,) = await rig([ok(data)]).event.photos().collect()
    assert len(photo.image_id) == 100_000
    assert len(repr(photo)) < 10_000


@pytest.mark.parametrize("found", ["", "  ", "a\nb", "\x1b", "i" * 201])
@pytest.mark.parametrize("call", [lambda e: e.face_search(JPEG), lambda e: e.start_clips(selfie=JPEG)])
async def test_an_id_that_can_not_be_one_is_refused(found: str, call: Call) -> None:
    data = {"request_id": found, "images": [], "pagination": pagination(0)}
    with pytest.raises(DecodeError) as caught:
        await call(rig([ok(data)]).event)
    assert caught.value.path == "$.data.request_id"
    assert caught.value.request_id is not None


def test_a_repr_never_fails() -> None:
    wrong: Any = 7
    photo = sdk.ImageItem(image_id=wrong, img_url=wrong, thumbnail_url=wrong)
    assert repr(photo).startswith("ImageItem(image_id=7, img_url=7, thumbnail_url=7,")
