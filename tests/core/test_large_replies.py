"""Large replies do not stop the event loop: they are decoded in another thread, in short steps."""

from __future__ import annotations

import re
import threading
import tracemalloc
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ninepic_async import DecodeError, NinePicError
from ninepic_async._contract.body import MOST_CONTAINERS, parse
from ninepic_async._contract.endpoints import Ping
from ninepic_async._contract.messages import Reply
from ninepic_async._support import secret as secrets
from ninepic_async._support.secret import Secret, _masked
from tests.canned import EVENT_ID, KEY, images, pagination, rig

LARGEST = 8 * 1024 * 1024


class Noting(Ping):
    """A ping that notes in which thread it is decoded."""

    threads: ClassVar[list[int]] = []

    def decode(self, reply: Reply) -> Any:
        self.threads.append(threading.get_ident())
        return super().decode(reply)


def padded(size: int) -> bytes:
    body = orjson.dumps({"status": "ok", "org_id": 903, "event_id": 456})
    return body + b" " * (size - len(body))


@pytest.mark.parametrize(
    ("size", "is_aside"), [(100, False), (100_000, False), (200_000, True), (LARGEST, True)]
)
@pytest.mark.parametrize("begins", [b"", b"{"], ids=["good", "broken"])
async def test_large_replies_are_decoded_in_another_thread(size: int, is_aside: bool, begins: bytes) -> None:
    Noting.threads.clear()
    answers = rig([Reply(200, {}, begins + padded(size))])
    try:
        await answers.engine.run(Noting(event_id=EVENT_ID))
    except DecodeError:
        assert begins
    (decoded_in,) = Noting.threads
    assert (decoded_in != threading.get_ident()) is is_aside


async def test_without_another_thread_a_large_reply_is_decoded_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    answers = rig([Reply(200, {}, padded(LARGEST))])
    assert (await answers.event.ping()).status == "ok"


@pytest.mark.parametrize("unit", [b"[]", b"{}", b'{"a":[{}]}', b"[[[]]]"])
async def test_more_objects_than_any_reply_needs_are_not_built(unit: bytes) -> None:
    body = b'{"images": [' + b",".join([unit] * (LARGEST // (len(unit) + 1) - 100)) + b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match="objects and lists") as caught:
            await rig([Reply(200, {}, body)]).event.photos().first_page()
        assert tracemalloc.get_traced_memory()[1] < 2 * LARGEST
    finally:
        tracemalloc.stop()
    assert caught.value.path == "$"


def test_as_many_objects_as_allowed_are_read() -> None:
    assert len(parse(b"[" + b",".join([b"{}"] * (MOST_CONTAINERS - 1)) + b"]")) == MOST_CONTAINERS - 1
    page = images(range(100), pagination(100))
    page["images"] = [{**photo, "faces": [{"box": [1, 2]}] * 300} for photo in page["images"]]
    assert parse(orjson.dumps(page)) == page


def pattern_of(secret: Secret) -> re.Pattern[bytes]:
    pattern = secret._in_bytes.reveal()
    assert pattern is not None
    return pattern


class Measured:
    """A pattern that notes how many bytes it was asked to search at a time."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern
        self.longest = 0

    def search(self, body: bytes, start: int, end: int) -> re.Match[bytes] | None:
        self.longest = max(self.longest, min(end, len(body)) - start)
        return self.pattern.search(body, start, end)


@pytest.mark.parametrize(
    "unit", [b"9", b"9pic-key-MzQ1Njc", KEY.encode(), rb"\u0039", b"%39%70", b"&#57;", b"a"]
)
def test_a_body_is_masked_in_short_steps(unit: bytes) -> None:
    pattern = Measured(pattern_of(Secret(KEY)))
    _masked(unit * (LARGEST // len(unit)), pattern, 6 * len(KEY))  # type: ignore[arg-type]
    assert 0 < pattern.longest < 100_000


SPELLED = [KEY, KEY.lower(), "".join(f"\\u{ord(c):04x}" for c in KEY), "".join(f"%{ord(c):02X}" for c in KEY)]


@given(st.lists(st.sampled_from([*SPELLED, KEY[:-1], KEY[1:], "\\u0039", "%39", "9", "ab c"]), max_size=40))
@example([KEY] * 40)
@example(["9" * 30, KEY])
def test_masking_in_steps_finds_what_masking_at_once_finds(parts: list[str]) -> None:
    secret = Secret(KEY)
    body = "".join(parts).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "_WINDOW_BYTES", 10)
        found = _masked(body, pattern_of(secret), 6 * len(KEY))
    assert found == pattern_of(secret).sub(b"***", body)
    assert secret.mask_bytes(body) == found


@pytest.mark.parametrize("digits", [41, 4000, 400_000])
def test_a_number_too_long_to_read_is_none(digits: int) -> None:
    assert parse(b'{"a": NaN, "b": ' + b"9" * digits + b', "c": 7}') == {"a": None, "b": None, "c": 7}


async def test_an_odd_body_that_is_large_is_a_typed_error() -> None:
    body = b'{"images": [], "pagination": {}, "x": [' + b",".join([b"NaN"] * 300_000) + b"]}"
    with pytest.raises(NinePicError):
        await rig([Reply(200, {}, body)]).event.photos().first_page()
