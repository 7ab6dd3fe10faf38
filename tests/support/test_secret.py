from __future__ import annotations

import base64
import copy
import html
import json
import pickle
from typing import Any
from urllib.parse import quote

import pytest

from ninepic_async import ConfigError
from ninepic_async._support.secret import Opaque, Secret, hidden, hidden_unless_number, opaque

KEY = "9Pic/live+Key&1234=="
SPELLINGS = {
    "plain": KEY,
    "lower case": KEY.lower(),
    "upper case": KEY.upper(),
    "percent-encoded": quote(KEY, safe=""),
    "percent-encoded in lower case": quote(KEY, safe="").lower(),
    "percent-encoded in part": quote(KEY),
    "percent-encoded as strictly as possible": "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in KEY),
    "JSON": json.dumps(KEY)[1:-1],
    "JSON with escaped slashes": KEY.replace("/", r"\/"),
    "HTML": html.escape(KEY),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_secret_is_masked_however_it_is_written(spelling: str) -> None:
    secret = Secret(KEY)
    assert secret.mask(f"a {spelling} b {spelling}") == "a *** b ***"
    assert secret.mask_bytes(f"a {spelling} b".encode()) == b"a *** b"


def test_every_character_may_be_escaped() -> None:
    secret = Secret(KEY)
    codes = [ord(character) for character in KEY]
    for escape in ("%{:02X}", "\\u{:04X}", "&#{};", "&#x{:x};"):
        assert secret.mask("".join(map(escape.format, codes))) == "***"
        assert secret.mask_bytes("".join(map(escape.format, codes)).encode()) == b"***"


@pytest.mark.parametrize("before", ["", "a", "ab", "Basic user:", "x" * 50])
@pytest.mark.parametrize("after", ["", "z", "zy", "zyx"])
@pytest.mark.parametrize("key", [KEY, KEY + "5", KEY + "56"])
def test_a_secret_in_base64_is_masked(before: str, after: str, key: str) -> None:
    encoded = base64.b64encode((before + key + after).encode()).decode()
    masked = Secret(key).mask(f"Authorization was {encoded}")
    assert "***" in masked
    left = masked.replace("Authorization was ", "").replace("=", "")
    assert len(left) <= len(encoded) - 4 * len(key) // 3 + 3 + len("***")


@pytest.mark.parametrize("value", ["", "a", "1234567"])
def test_a_short_secret_is_not_masked_inside_other_text(value: str) -> None:
    secret = Secret(value)
    assert secret.mask("a 1234567 b") == "a 1234567 b"
    assert secret.mask_bytes(b"a 1234567 b") == b"a 1234567 b"


def test_a_body_without_the_secret_is_passed_on_as_it_is() -> None:
    body = b"x" * 1000
    assert Secret(KEY).mask_bytes(body) is body


@pytest.mark.parametrize("holder", [Secret(KEY), Opaque(KEY), hidden(KEY), opaque(KEY)])
def test_a_holder_shows_nothing_and_is_no_text(holder: Any) -> None:
    assert not isinstance(holder, str)
    assert holder.reveal() == KEY
    assert f"{holder} {holder!r} {[holder]}" == "'***' '***' ['***']"
    slots = [
        getattr(holder, name) for kind in type(holder).__mro__ for name in getattr(kind, "__slots__", ())
    ]
    assert not any(KEY in repr(slot) or slot == KEY for slot in slots)
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(ConfigError):
            copied(holder)


def test_holders_compare_by_value() -> None:
    assert Secret(KEY) == Secret(KEY)
    assert hash(Secret(KEY)) == hash(Secret(KEY))
    assert Secret(KEY) != Secret("other-secret")
    assert Secret(KEY) != KEY


def test_only_text_is_hidden_and_only_a_value_is_held() -> None:
    assert (hidden(None), hidden(7), opaque(None)) == (None, 7, None)
    assert opaque(opaque(KEY)).reveal() == KEY
    assert [hidden_unless_number(value) for value in ("", "903", " 903 ", 903, "short")] == [
        *("", "903", " 903 ", 903, "short")
    ]
    assert isinstance(hidden_unless_number("long-enough-to-be-a-key"), Secret)
