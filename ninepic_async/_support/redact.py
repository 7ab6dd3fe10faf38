"""What may be shown of a secret: nothing."""

from __future__ import annotations

import re
from typing import Final

_EXCERPT_CHARS: Final = 200
_URL_WITH_QUERY: Final = re.compile(r"""(https?:[\\/]{2,4}[^\s"'?<>]*)\?[^\s"'<>]*""", re.IGNORECASE)


class Secret(str):
    """A string that goes onto the wire whole, and shows as ``***`` in a repr or a traceback's locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def hidden(secret: str | None) -> str | None:
    """Make a `Secret` of a text as soon as it comes in: some tracebacks show what a function was given."""
    return Secret(secret) if isinstance(secret, str) else secret


def mask_queries(text: str) -> str:
    """Blank the query of each URL in a text: that is where a signed link keeps its signature."""
    return _URL_WITH_QUERY.sub(r"\1?***", text)


def shown_url(url: str | None) -> str:
    """Give the repr of a URL, or of a path, without its query."""
    if url is None or "?" not in url:
        return repr(url)
    return repr(url.partition("?")[0] + "?***")


def shown_text(text: str | None) -> str:
    """Give a text's repr, with the URLs in it without their queries."""
    return repr(text) if text is None else repr(mask_queries(text))


def excerpt(body: bytes) -> str:
    """Give a body's beginning as text that can be logged."""
    # Mask first: a cut through the middle of a link could leave a part of its signature.
    text = mask_queries(body[: 16 * _EXCERPT_CHARS].decode("utf-8", "replace"))
    return text if len(text) <= _EXCERPT_CHARS else text[:_EXCERPT_CHARS] + "…"
