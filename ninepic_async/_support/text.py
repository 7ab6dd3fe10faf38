"""Format text for people: counts, shortened text, and text without control characters."""

from __future__ import annotations

from typing import Final

_JOINERS: Final = frozenset("\u200c\u200d")
"""The zero-width joiners that Indian scripts and emoji need. They do not move other text."""


def count_text(number: int, noun: str) -> str:
    """Return a count with its noun, such as ``"1 photo"`` or ``"1,200 photos"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, longest: int) -> str:
    """Cut a text to a number of characters, and add ``…`` if it was longer."""
    return text if len(text) <= longest else text[:longest] + "…"


def one_line(text: str) -> str:
    r"""Return a text on one line: whitespace as spaces, control characters as escapes such as ``\x1b``.

    Bidirectional overrides and lone surrogates are escaped too.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape").decode("ascii")
