"""Read the visit that a call-to-action button in 9Pic's own gallery leads to. No I/O."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import ParseResult, SplitResult, unquote_plus, urlsplit
from uuid import UUID

from attrs import field, frozen

from ninepic_async._records import Record
from ninepic_async._support.redact import shown_url
from ninepic_async.errors import InvalidInputError

_MAX_VALUE_CHARS: Final = 16_384
"""Before percent signs are decoded. A longer value is no part of a visit."""
_MAX_BIB_CHARS: Final = 100
_MAX_GALLERY_URL_CHARS: Final = 4_096
_PART: Final = re.compile(r"(?:^|&)(eventId|bibNumber|selfieRequestId|ref)=([^&]*)")
_EVENT_ID: Final = re.compile(r"[0-9]{1,18}")
_GALLERY_URL: Final = re.compile(r"https://[!-~]+", re.IGNORECASE)


@frozen(kw_only=True)
class CtaVisit(Record):
    """What 9Pic's gallery says about a visitor whom its button sends to your site.

    All of it comes from a browser and may be made up. Compare ``event_id`` with your own event. Before you
    redirect to ``gallery_url``, check its host against a list of your own: anything else is an open redirect.

    Attributes:
        event_id: the event's number.
        bib_number: the BIB that the visitor searched by.
        selfie_request_id: the ``request_id`` of the visitor's selfie search. Reading its result costs no
            upload and no charge.
        gallery_url: the page that the visitor came from; always https.
    """

    event_id: int | None = None
    bib_number: str | None = None
    selfie_request_id: str | None = None
    gallery_url: str | None = field(default=None, repr=shown_url)

    @classmethod
    def parse(cls, url: object) -> Self:
        """Read a visit from the URL that was requested. A missing, wrong or repeated part is None.

        Args:
            url: the full URL, or from the ``?`` on; a URL object of aiohttp, Starlette or `urllib` will do.

        Raises:
            InvalidInputError: ``url`` is not a URL at all, such as None or bytes. What is in it never raises.

        Example:
            >>> from ninepic_async import CtaVisit
            >>> visit = CtaVisit.parse("https://run.example/photos?eventId=456&bibNumber=1234")
            >>> (visit.event_id, visit.bib_number, visit.gallery_url)
            (456, '1234', None)

        Reference: docs.9pic.ai, Call-to-action buttons.
        """
        if not isinstance(url, str) and not hasattr(url, "scheme"):
            raise InvalidInputError(f"url is {type(url).__name__}: give the requested URL as text")
        given = _single_values(url.geturl() if isinstance(url, (SplitResult, ParseResult)) else str(url))
        return cls(
            event_id=_event_id(given.get("eventId", "")),
            bib_number=_bib(given.get("bibNumber", "")),
            selfie_request_id=_request_id(given.get("selfieRequestId", "")),
            gallery_url=_gallery_url(given.get("ref", "")),
        )


def _single_values(url: str) -> Mapping[str, str]:
    """Return the parts of a visit that the query has once, and that are valid text. Takes linear time."""
    found: dict[str, str] = {}
    for part in _PART.finditer(url.partition("#")[0].partition("?")[2]):
        name, value = part.groups()
        found[name] = "" if name in found or len(value) > _MAX_VALUE_CHARS else value
    decoded = {name: unquote_plus(value) for name, value in found.items()}
    return {name: value for name, value in decoded.items() if "\ufffd" not in value}


def _event_id(text: str) -> int | None:
    return int(text) or None if _EVENT_ID.fullmatch(text) else None


def _bib(text: str) -> str | None:
    text = text.strip()
    return text if 0 < len(text) <= _MAX_BIB_CHARS and text.isprintable() else None


def _request_id(text: str) -> str | None:
    try:
        return text if str(UUID(text)) == text.lower() else None
    except ValueError:
        return None


def _gallery_url(text: str) -> str | None:
    if len(text) > 2 * _MAX_GALLERY_URL_CHARS:
        return None
    # Unescaped, the "+" of Base64 arrives as a space; some encoders leave the padding out.
    standard = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        url = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode("ascii")
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.username is None and (parts.port is None or parts.port > 0)
    except (ValueError, binascii.Error):
        return None
    return url if is_whole and _GALLERY_URL.fullmatch(url) and len(url) <= _MAX_GALLERY_URL_CHARS else None
