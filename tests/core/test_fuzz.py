"""Any reply ends in a result or in a typed error: bytes, headers and statuses are drawn at random."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ninepic_async import Event, NinePicError, RetryPolicy
from ninepic_async._contract.endpoints import Events
from ninepic_async._contract.messages import Reply, Request, SendError
from tests.canned import KEY, PING, details, image, images, ok, pagination, rig

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "400"))
JPEG = b"\xff\xd8\xff\xe0selfie"
LINK = {"url": "https://files.example/a.jpg?sig=s3cret", "filename": "a.jpg"}
CLIP = {"clip_url": "https://c.example/1.mp4?sig=s3cret", "start_time": 1.5}
DAY = {"date": "2024-01-01", "total": 98, "hours": [{"hour": 10, "count": 98}]}
EVENT = {"event_id": 456, "event_slug": "s", "event_date": "2026-01-19T06:00:00", "cover_image": None}
Call = Callable[[Event], Awaitable[object]]
CALLS: dict[str, tuple[Call, dict[str, Any]]] = {
    "ping": (lambda e: e.ping(), dict(PING)),
    "details": (lambda e: e.details(), details() | EVENT),
    "events": (lambda e: e._engine.run(Events()), {"events": [EVENT], "pagination": pagination(1)}),
    "photos": (lambda e: e.photos().collect(), images([1, 2], pagination(2))),
    "bib_search": (lambda e: e.bib_search("7").collect(), images([1], pagination(1))),
    "face_search": (lambda e: e.face_search(JPEG), {"request_id": "r", **images([1], pagination(1))}),
    "face_results": (lambda e: e.face_results("r").collect(), images([1], pagination(1))),
    "timeline_days": (lambda e: e.timeline_days(), {"days": [DAY]}),
    "start_clips": (lambda e: e.start_clips(selfie=JPEG), {"request_id": "r"}),
    "clip_status": (lambda e: e.clip_job("r").status(), {"status": "done", "clips": [CLIP]}),
    "clips": (lambda e: e.clip_job("r").wait(timeout=5), {"status": "done", "clips": [CLIP]}),
    "originals": (
        lambda e: e.originals(bib="7").collect(),
        {
            "presigned_urls": [LINK],
            "failed_urls": [{"image_id": "b", "error": "no"}],
            "pagination": pagination(2),
        },
    ),
}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["", "0000-00-00", KEY, "\ud83d", "http://u:p@h/?a=b", "\x1b[2J\r\n", "done", "2026-01-01"]
    )
)
JSON = st.recursive(
    LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=6), some, max_size=3)
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "content-type", "location", "x-request-id", "set-cookie"]),
    st.text(max_size=20)
    | st.sampled_from(["0", "-1", "1e999", "nan", "Thu, 01 Jan 2026 00:00:00 GMT", KEY, "99999999999"]),
)
STATUSES = st.sampled_from(
    [200] * 6 + [201, 204, 301, 400, 401, 403, 404, 413, 418, 422, 429, 500, 503, 599, 999]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values inside a document."""
    parts: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    return [path, *(inner for key, part in parts for inner in places(part, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: replaced(value[key], tuple(rest), new)}
    return [replaced(part, tuple(rest), new) if place == key else part for place, part in enumerate(value)]


@st.composite
def bodies(draw: st.DrawFn, name: str) -> bytes:
    """Draw a body: the right one, with a value replaced, and with bytes cut out or put in."""
    document: Any = {"responseType": "success", "message": "fine", "data": CALLS[name][1]}
    if draw(st.booleans()):
        document = document["data"]
    for _ in range(draw(st.integers(0, 2))):
        document = replaced(document, draw(st.sampled_from(places(document))), draw(JSON))
    encoding = draw(st.sampled_from(["utf-8"] * 8 + ["utf-8-sig", "utf-16"]))
    body = json.dumps(document).encode(encoding)
    if draw(st.integers(0, 3)) == 0:
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 20)) | st.just(len(body)))
        body = body[:start] + draw(st.binary(max_size=8)) + body[end:]
    return body


@st.composite
def scripts(draw: st.DrawFn) -> tuple[str, list[Reply | SendError]]:
    name = draw(st.sampled_from(sorted(CALLS)))
    replies: list[Reply | SendError] = []
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 9)) == 0:
            replies.append(SendError("lost", never_sent=draw(st.booleans())))
        else:
            replies.append(Reply(draw(STATUSES), draw(HEADERS), draw(bodies(name))))
    return name, replies


@settings(max_examples=EXAMPLES, deadline=None)
@given(scripts())
@example(("photos", [ok({"images": [image(1)], "pagination": {"total": 10**19}})]))
@example(("details", [ok(details() | {"event_date": "\ud83d"})]))
@example(("events", [ok({"events": [EVENT | {"event_date": "2026\ud83d"}], "pagination": {}})]))
@example(("clip_status", [ok({"status": "done", "clips": [CLIP | {"start_time": "\ud83d"}]})]))
@example(("clips", [ok({"status": "failed", "message": "a\n\x1b[2J" + "x" * 10_000})]))
@example(("ping", [Reply(429, {"retry-after": "1e999"}, b"")]))
@example(("ping", [Reply(301, {"location": "\x1b[2J" + KEY}, b"")]))
@example(("originals", [ok({"presigned_urls": None, "pagination": None})]))
@example(("clips", [ok({"status": "done", "clips": [{"url": "x", "start_time": float("inf")}]})]))
async def test_any_reply_ends_in_a_result_or_a_typed_error(
    script: tuple[str, list[Reply | SendError]],
) -> None:
    name, replies = script
    turns = iter(replies)

    def answer(request: Request) -> Reply | SendError:
        # The last reply is sent again, as long as the client asks.
        return next(turns, replies[-1])

    answers = rig(answer, retry=RetryPolicy(attempts=3))
    failure: NinePicError | None = None
    result: object = None
    try:
        result = await CALLS[name][0](answers.event)
    except NinePicError as error:
        failure = error
    texts = [repr(result)]
    if failure is not None:
        texts = [str(failure), repr(failure), *map(str, vars(failure).values())]
        assert texts[0].isprintable()
        assert len(texts[0]) < 8000
        assert str(pickle.loads(pickle.dumps(failure))) == texts[0]
    assert not [text for text in texts if KEY in text]
    assert len(answers.requests) < 60
