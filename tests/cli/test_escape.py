"""Control characters from a server never reach the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.cli.terminal import plain


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
