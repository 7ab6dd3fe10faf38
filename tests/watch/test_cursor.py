from __future__ import annotations

import base64
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import InvalidInputError
from ninepic_async.watch.cursor import Cursor
from ninepic_async.watch.sketch import Sketch, key_of


def sketch(numbers: set[int]) -> Sketch:
    made = Sketch()
    for number in numbers:
        made.add(key_of(f"photo-{number}"))
    return made


def keys(numbers: set[int]) -> frozenset[int]:
    return frozenset(key_of(f"photo-{number}") for number in numbers)


@given(st.sets(st.integers(0, 10_000), max_size=50), st.sets(st.integers(0, 10_000), max_size=50))
def test_a_small_difference_can_be_read(then: set[int], now: set[int]) -> None:
    found = sketch(now).since(sketch(then))
    assert found is not None
    assert found.added == keys(now - then)
    assert found.removed == keys(then - now)


def test_a_hundred_changes_among_many_photos_can_be_read() -> None:
    read = 0
    for round_ in range(50):
        then = set(range(round_ * 10_000, round_ * 10_000 + 2_000))
        now = (then - set(sorted(then)[:30])) | set(range(10**6, 10**6 + 70))
        found = sketch(now).since(sketch(then))
        read += found is not None and found.added == keys(now - then)
    assert read == 50


def test_a_difference_that_is_too_large_is_not_made_up() -> None:
    for changes in (300, 1_000, 20_000):
        assert sketch(set(range(changes))).since(Sketch()) is None


def test_a_cursor_survives_as_text() -> None:
    cursor = Cursor(event_id=456)
    for number in range(5_000):
        cursor.add(key_of(f"photo-{number}"))
    text = cursor.to_text()
    assert len(text) < 4_000
    assert text.isascii()
    again = Cursor.from_text(text, 456)
    again.remove(key_of("photo-7"))
    assert again.count == 4_999
    found = again.sketch.since(cursor.sketch)
    assert found is not None
    assert (found.added, found.removed) == (frozenset(), keys({7}))


VALID = Cursor(event_id=456).to_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a cursor"),
        ("now", "not a cursor"),
        ("x" * 5_000, "not a cursor"),
        ("2" + VALID[1:], "version 2"),
        (VALID[:-4], "damaged"),
        ("1.456.0.AAAA", "damaged"),
        (VALID.replace("456", "457"), "event 457"),
    ],
)
def test_what_is_no_cursor_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Cursor.from_text(text, 456)


def test_a_cursor_that_unpacks_to_much_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b"\0" * 1_000_000, 9)).decode().rstrip("=")
    assert len(bomb) < 3_000
    with pytest.raises(InvalidInputError, match="damaged"):
        Cursor.from_text(f"1.456.0.{bomb}", 456)


@given(st.text(max_size=50) | st.binary(max_size=50).map(lambda raw: "1.456.0." + raw.hex()))
def test_nothing_else_is_raised(text: str) -> None:
    with suppress(InvalidInputError):
        Cursor.from_text(text, 456)
