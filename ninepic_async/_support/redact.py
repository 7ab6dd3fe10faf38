"""Mask signed URLs and credentials in text, and make text from outside safe to log."""

from __future__ import annotations

import re
from typing import Any, Final

from attrs import Attribute

from ninepic_async._support.secret import MASK
from ninepic_async._support.text import one_line, shortened

EXCERPT_CHARS: Final = 200
MESSAGE_CHARS: Final = 2000
_READ_FACTOR: Final = 4
"""Mask this many times as much text as is shown, because masking shortens it."""

_SUSPECT: Final = re.compile(
    r"[?@=&]|[\"']\s?:|%3[fd]|\\u003[fd]|cookie|authorization|x-api-key", re.IGNORECASE
)
_TOKEN: Final = re.compile(r"""[^\s"'<>]+""")
_QUERY: Final = re.compile(r"\?|%3f|\\u003f|&#63;|&#x3f;|&quest;", re.IGNORECASE)
_SLASH: Final = r"(?:\\?/|%2f|\\u002f)"
_USER_INFO: Final = re.compile(rf"({_SLASH}{_SLASH})[^/?#\s]*@", re.IGNORECASE)
_PARAMETER: Final = re.compile(
    r"""(?<![\w-])((?:x-(?:amz|goog)-[a-z-]{1,40}|signature|sig|(?:access_?|refresh_?|id_)?token|credentials?
    |passw(?:or)?d|secret|api[_-]?key|key-pair-id|policy)
    (?:=|%3d|\\u003d|["']\s?:\s?["']))[^\s"'<>&;]+""",
    re.IGNORECASE | re.VERBOSE,
)
_KEY_HEADER: Final = re.compile(r"""(x-api-key["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"'<>,;]+""", re.IGNORECASE)
_HEADER: Final = re.compile(r"((?:set-)?cookie|(?:proxy-)?authorization)(\s?[:=])[^\r\n]+", re.IGNORECASE)


def mask_queries(text: str) -> str:
    """Mask secrets in URLs and headers: queries, passwords, signatures, cookies.

    URLs are found also if they are relative, percent-encoded, or escaped as JSON or HTML.
    """
    if not _SUSPECT.search(text):
        return text
    text = _HEADER.sub(rf"\1\2 {MASK}", _KEY_HEADER.sub(rf"\1{MASK}", text))
    return _PARAMETER.sub(rf"\1{MASK}", _TOKEN.sub(_masked_token, text))


def _masked_token(match: re.Match[str]) -> str:
    token = match[0]
    found = _QUERY.search(token)
    if found is not None:
        before, after = token[: found.start()], token[found.end() :]
        if after and (_has_slash(before) or "=" in after or "%3d" in after.lower()):
            token = before + found[0] + MASK
    if "@" not in token:
        return token
    if _has_slash(token):
        return _USER_INFO.sub(rf"\1{MASK}@", token)
    user, _, host = token.rpartition("@")
    return f"{MASK}@{host}" if ":" in user else token


def _has_slash(text: str) -> bool:
    return "/" in text or "%2f" in text.lower() or "u002f" in text.lower()


def shown_text(text: str | None) -> str:
    """Return a text's repr, masked and shortened; for reprs of models."""
    return repr(masked(text)) if isinstance(text, str) else repr(text)


def short_texts(_: type, fields: list[Attribute[Any]]) -> list[Attribute[Any]]:
    """Show the texts of an attrs class masked and shortened in its repr; a ``field_transformer``."""
    return [
        each.evolve(repr=shown_text)
        if each.repr is True and str(each.type) in ("str", "str | None")
        else each
        for each in fields
    ]


def shown_url(url: str | None) -> str:
    """Return the repr of a URL or path without its query; for reprs of models."""
    if not isinstance(url, str):
        return repr(url)
    path, mark, _ = url[: _READ_FACTOR * MESSAGE_CHARS].partition("?")
    return repr(masked(path) + (mark and mark + MASK))


def masked(text: str, longest: int = MESSAGE_CHARS) -> str:
    """Mask and shorten text from outside, so that it can be shown.

    Args:
        text: the text, of any length; the work is linear in ``longest``.
        longest: the largest number of characters to return, without the ``…`` after a shortened text.
    """
    return shortened(mask_queries(_beginning(text, _READ_FACTOR * longest)), longest)


def loggable(text: str, longest: int = MESSAGE_CHARS) -> str:
    """Mask, shorten and escape text from outside, so that it is one line of a message or log."""
    return shortened(one_line(masked(text, longest)), longest)


def excerpt(body: bytes) -> str:
    """Return the beginning of a body as text for messages and logs."""
    return loggable(body[: 4 * _READ_FACTOR * EXCERPT_CHARS].decode("utf-8", "replace"), EXCERPT_CHARS)


def _beginning(text: str, longest: int) -> str:
    """Cut a text between two words, because a cut inside a URL could show a part of its password."""
    if len(text) <= longest:
        return text
    text = text[:longest]
    at = max(text.rfind(separator) for separator in " \n\t\"'<>")
    if at >= 0:
        return text[:at] + "…"
    before, slashes, host = text.rpartition("//")
    return (text if _has_slash(host) else before + slashes) + "…"
