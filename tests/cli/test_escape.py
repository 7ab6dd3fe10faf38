"""Control characters from a server never reach the terminal."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.cli.tables import PHOTOS, _cell, row_writer
from ninepic_async.cli.terminal import plain
from ninepic_async.models import ImageItem


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    shown = plain(text)
    kinds = {unicodedata.category(character) for character in shown if character not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert plain(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Mn"])))
def test_harmless_text_is_unchanged(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\tb\nc\r", "a b c "),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("\ud800", "\\ud800"),
        ("क्‍ष", "क्‍ष"),
        ("👩‍🚀", "👩‍🚀"),
        ("[red]", "[red]"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "http://" * 300_000,
        "a" + "\u0301" * 2_000_000,
        "\x1b[31m" * 400_000,
        "?" * 2_000_000,
        "signature=" * 200_000,
    ],
    ids=["URLs", "combining marks", "escapes", "queries", "signatures"],
)
def test_a_huge_cell_takes_linear_time_and_little_room(text: str) -> None:
    started = time.process_time()
    photo = ImageItem(image_id=text, img_url="https://x/a.jpg", thumbnail_url="https://x/b.jpg")
    row_writer(PHOTOS, "tsv").write([photo])
    assert len(_cell(PHOTOS[0], photo).plain) <= 501
    assert time.process_time() - started < 20, "quadratic time would be hours"
