"""Requests and replies, and what a client has learned about the server. No I/O."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal, Protocol

from attrs import define, evolve, field, frozen

from ninepic_async import guesses
from ninepic_async._support.secret import Secret

MAX_ERROR_BODY_BYTES: Final = 256 * 1024
"""The largest part of a failed reply that is kept: bytes of its body, and characters of its headers."""

_LONGEST_DATE: Final = 100


@frozen
class Upload:
    """A file in a multipart form."""

    form_field: str
    filename: str
    content_type: str
    content: bytes = field(repr=False)


@frozen(kw_only=True)
class Request:
    """One HTTP request to the API, below the base URL."""

    method: Literal["GET", "POST"]
    path: str
    """Percent-encoded, from the leading slash."""
    query: Mapping[str, str] = field(factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] = field(factory=dict)
    upload: Upload | None = None

    @property
    def multipart(self) -> bool:
        """Whether the body is a form."""
        return bool(self.form) or self.upload is not None


@frozen
class Reply:
    """One complete HTTP reply."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    received_at: float = field(factory=time.time, eq=False, repr=False)
    """Unix seconds. An HTTP date is relative to it if the server sent no ``Date``."""
    oddities: set[str] = field(factory=set, eq=False, repr=False)
    """Fields that decoding replaced by None, as ``Model.field``."""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def with_masked_body(self, secret: Secret) -> Reply:
        """Return the same reply with a secret masked in its body."""
        body = secret.mask_bytes(self.body)
        return self if body is self.body else evolve(self, body=body)

    def masked_and_cut(self, secret: Secret) -> Reply:
        """Return a failed reply with a secret masked, and with 256 KiB of its headers and body at most."""
        headers, left = {}, MAX_ERROR_BODY_BYTES
        for name, value in self.headers.items():
            left -= len(name) + len(value)
            if left < 0:
                break
            headers[secret.mask(name)] = secret.mask(value)
        body = secret.mask_bytes(self.body[: MAX_ERROR_BODY_BYTES + 1])
        return evolve(self, headers=headers, body=body)


def plain_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with lower-case names, as a `Reply` has them."""
    return {name.lower(): value for name, value in headers.items()}


class SendError(Exception):
    """No complete reply arrived.

    Attributes:
        never_sent: the request can't have reached the server.
        final: another attempt would fail in the same way.
    """

    def __init__(self, text: str, *, never_sent: bool = False, final: bool = False) -> None:
        super().__init__(text)
        self.never_sent = never_sent
        self.final = final


class Transport(Protocol):
    """Sends a request once and reads the whole reply."""

    async def send(self, request: Request) -> Reply:
        """Send a request.

        Raises:
            SendError: no complete reply arrived.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections. Only the owner calls this."""
        ...


@define
class Scope:
    """What the endpoints of one client share: its organisation, and what it has learned about the server."""

    org_id: int
    selfie_field: str = guesses.SELFIE_FIELD
    server_makes_ids: bool = False
    """The server refuses a ``request_id`` that the client created, and accepts a selfie without one."""
    oddities: set[str] = field(factory=set)
    """Fields with unusable values that were already warned about."""


def retry_after_s(reply: Reply) -> float | None:
    """Return a reply's ``Retry-After`` in seconds, also if it is a date; None if it is missing or invalid."""
    text = reply.headers.get("retry-after", "").strip()[:_LONGEST_DATE]
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        moment = http_date_s(text)
        if moment is None:
            return None
        sent = http_date_s(reply.headers.get("date", ""))
        seconds = moment - (reply.received_at if sent is None else sent)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def http_date_s(text: str) -> float | None:
    """Return the Unix seconds of an HTTP date; None if the text is not a date."""
    try:
        moment = parsedate_to_datetime(text[:_LONGEST_DATE])
        # The oldest of the three formats has no zone. An HTTP date is in UTC anyway.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
