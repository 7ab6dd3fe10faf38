"""Text for people: counts, and text from outside made short and harmless."""

from __future__ import annotations

from typing import Final

_JOINERS: Final = frozenset("\u200c\u200d")
"""Indian scripts and emoji need these two. They move nothing."""


def count_text(number: int, noun: str) -> str:
    """Return a number of things as text, such as ``"1 photo"`` or ``"1,200 photos"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, longest: int) -> str:
    """Return a text's beginning, with ``…`` if something was cut off."""
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
