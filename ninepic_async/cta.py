"""Parse the URL that a call-to-action button in 9Pic's own gallery opens on your site. No I/O."""

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
"""The maximum length before percent-decoding. Longer values are ignored."""
_MAX_BIB_CHARS: Final = 100
_MAX_GALLERY_URL_CHARS: Final = 4_096
_PART: Final = re.compile(r"(?:^|&)(eventId|bibNumber|selfieRequestId|ref)=([^&]*)")
_EVENT_ID: Final = re.compile(r"[0-9]{1,18}")
_GALLERY_URL: Final = re.compile(r"https://[!-~]+", re.IGNORECASE)


@frozen(kw_only=True)
class CtaVisit(Record):
    """The data about a visitor that a button in 9Pic's gallery sends to your site.

    All values come from a browser and may be forged. Compare ``event_id`` with your own event. Before you
    redirect to ``gallery_url``, check its host against your own list. Without this check, your site has an
    open redirect.

    Attributes:
        event_id: the event's number.
        bib_number: the BIB that the visitor searched for.
        selfie_request_id: the ``request_id`` of the visitor's selfie search. Reading its result needs no
            upload and is not charged.
        gallery_url: the page that the visitor came from. It always starts with https.
    """

    event_id: int | None = None
    bib_number: str | None = None
    selfie_request_id: str | None = None
    gallery_url: str | None = field(default=None, repr=shown_url)

    @classmethod
    def parse(cls, url: object) -> Self:
        """Parse the requested URL. A missing, invalid or repeated value is None.

        Args:
            url: the full URL, or its part from the ``?``; or a URL object of aiohttp, Starlette, `urllib`.

        Raises:
            InvalidInputError: ``url`` has a wrong type, such as None or bytes. A URL's content never raises.

        Example:
            >>> from ninepic_async import CtaVisit
            >>> visit = CtaVisit.parse("https://run.example/photos?eventId=456&bibNumber=1234")
            >>> (visit.event_id, visit.bib_number, visit.gallery_url)
            (456, '1234', None)

        Reference: docs.9pic.ai, Call-to-action buttons.
        """
        if not isinstance(url, str) and not hasattr(url, "scheme"):
            raise InvalidInputError(f"url is {type(url).__name__}: give the requested URL as text")
        values = _single_values(url.geturl() if isinstance(url, (SplitResult, ParseResult)) else str(url))
        return cls(
            event_id=_event_id(values.get("eventId", "")),
            bib_number=_bib(values.get("bibNumber", "")),
            selfie_request_id=_request_id(values.get("selfieRequestId", "")),
            gallery_url=_gallery_url(values.get("ref", "")),
        )


def _single_values(url: str) -> Mapping[str, str]:
    """Return the values that the query has only once and that are valid text. Runs in linear time."""
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
    # A "+" of Base64 that was not escaped arrives as a space. Some encoders omit the padding.
    standard = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        url = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode("ascii")
        parts = urlsplit(url)
        is_valid = bool(parts.hostname) and parts.username is None and (parts.port is None or parts.port > 0)
    except (ValueError, binascii.Error):
        return None
    return url if is_valid and _GALLERY_URL.fullmatch(url) and len(url) <= _MAX_GALLERY_URL_CHARS else None
