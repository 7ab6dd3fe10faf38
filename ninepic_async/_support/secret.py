"""Keep secret values out of logs, reprs, tracebacks and debuggers."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from ninepic_async.errors import ConfigError

T = TypeVar("T")

MASK: Final = "***"
SHORTEST_MASKED: Final = 8
"""Secrets with fewer characters are not masked inside other text: they would match too many other words."""
_LONGEST_ESCAPE: Final = 6
"""The largest number of characters that stand for one, such as ``\\u0041``."""
_WINDOW_BYTES: Final = 64 * 1024
"""The part of a body that is searched in one step, because a search blocks all threads while it runs."""
_PERCENT_LETTER: Final = re.compile(rb"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
"""Matches a percent-encoded letter or digit. This encoding is rare in URLs, but allowed."""


def _nothing() -> Any:
    return None


class Opaque(Generic[T]):
    """A value that only `reveal` returns.

    A closure holds the value, so tools that print the attributes of local variables do not find it.
    """

    __slots__ = ("reveal",)

    def __init__(self, value: T) -> None:
        self.reveal: Callable[[], T] = lambda: value

    def clear(self) -> None:
        """Drop the value. An error's traceback may keep this object alive, but then without the value."""
        self.reveal = _nothing

    def __repr__(self) -> str:
        return f"'{MASK}'"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and bool(self.reveal() == other.reveal())

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __reduce__(self) -> tuple[Any, ...]:
        raise ConfigError(
            "a client can't be pickled or copied, and neither can lists and jobs that use it: "
            "make a new NinePic"
        )


class Secret(Opaque[str]):
    """A secret text, such as the API key, that can be masked in other texts."""

    __slots__ = ("_in_bytes", "_in_text", "_landmark")

    def __init__(self, value: str) -> None:
        super().__init__(value)
        pattern = _pattern(value) if len(value) >= SHORTEST_MASKED else None
        text = None if pattern is None else re.compile(pattern, re.IGNORECASE)
        raw = None if pattern is None else re.compile(pattern.encode(), re.IGNORECASE)
        # The patterns contain the secret, so they are hidden too.
        self._in_text = Opaque(text)
        self._in_bytes = Opaque(raw)
        self._landmark = Opaque(_landmark(value))

    def mask(self, text: str) -> str:
        """Replace the secret in a text by ``***``, however its characters are escaped, also in Base64."""
        pattern = self._in_text.reveal()
        return text if pattern is None else pattern.sub(MASK, text)

    def mask_bytes(self, body: bytes) -> bytes:
        """Replace the secret in a body by ``***``, in any case, also if it is percent-encoded or escaped."""
        pattern = self._in_bytes.reveal()
        if pattern is None:
            return body
        # The pattern is slow, and few bodies hold the secret, so search for a part of the secret first.
        if self._landmark.reveal() in body.lower() or _has_escaped_letters(body):
            return _masked(body, pattern, _LONGEST_ESCAPE * len(self.reveal()))
        return body


def _has_escaped_letters(body: bytes) -> bool:
    # Searching for one byte is much faster than searching for several.
    return (
        (b"\\" in body and b"\\u00" in body)
        or (b"&" in body and b"&#" in body)
        or (b"%" in body and _PERCENT_LETTER.search(body) is not None)
    )


def _masked(body: bytes, pattern: re.Pattern[bytes], longest: int) -> bytes:
    parts: list[bytes] = []
    done = start = 0
    while start < len(body):
        end = start + _WINDOW_BYTES
        match = pattern.search(body, start, end + longest)
        if match is None or match.start() >= end:
            start = end
        else:
            parts += body[done : match.start()], MASK.encode()
            done = start = match.end()
    return b"".join([*parts, body[done:]]) if parts else body


def _pattern(secret: str) -> str:
    """Return a pattern for the secret with any characters escaped, or within something in Base64."""
    return f"{''.join(map(_any_spelling, secret))}|(?-i:{'|'.join(map(re.escape, _in_base64(secret)))})"


def _in_base64(secret: str) -> list[str]:
    """Return what the secret becomes after a number of other bytes, without the characters at its edges."""
    found = []
    for before in range(3):
        text = b64encode(bytes(before) + secret.encode()).decode().rstrip("=")
        found.append(text[(0, 2, 3)[before] : len(text) - ((before + len(secret)) % 3 > 0)])
    return found


def _any_spelling(character: str) -> str:
    code = ord(character)
    plain = rf"\\?{re.escape(character)}" if character in "/\"'\\" else re.escape(character)
    return rf"(?:{plain}|%{code:02x}|\\u{code:04x}|&#{code};|&#x{code:x};{_entity(character)})"


def _entity(character: str) -> str:
    name = {"&": "amp", "<": "lt", ">": "gt", '"': "quot"}.get(character)
    return f"|&{name};" if name else ""


def _landmark(secret: str) -> bytes:
    """Return a secret's longest run of letters and digits. No escaping changes it."""
    return max(re.split(r"[^A-Za-z0-9]+", secret), key=len).lower().encode()


def opaque(value: Any) -> Any:
    """Wrap a value in an `Opaque`, unless it is None or wrapped already.

    Rebind an argument to the result at the start of a function: tracebacks with locals show arguments.
    """
    return value if value is None or isinstance(value, Opaque) else Opaque(value)


def hidden(value: Any) -> Any:
    """Wrap a text in a `Secret`, and return anything else unchanged.

    Rebind an argument to the result at the start of a function: tracebacks with locals show arguments.
    """
    return Secret(value) if isinstance(value, str) else value


def hidden_unless_number(value: Any) -> Any:
    """Wrap a long text that is not a number in a `Secret`: it may be the API key, passed by mistake."""
    if isinstance(value, str) and (len(value) < SHORTEST_MASKED or value.strip().isdigit()):
        return value
    return hidden(value)
