"""Text from elsewhere, made harmless: a terminal obeys some characters, and shows others in another order."""

from __future__ import annotations

from typing import Final

_JOINERS: Final = frozenset("\u200c\u200d")
"""Scripts of India, and emoji, need them; they move nothing."""


def plain(text: object) -> str:
    r"""Give a text on one line, with everything that a terminal would obey as its escape (``\x1b``).

    Control characters, bidirectional overrides and lone surrogates are escaped; line breaks and tabs become
    spaces.
    """
    given = str(text)
    return given if given.isprintable() else "".join(map(_shown, given))


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape").decode("ascii")
