"""What goes over the wire and comes back, without any I/O."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol

from attrs import define, evolve, field, frozen

from ninepic_async import guesses


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
    """One HTTP reply, read to its end."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    received_at: float = field(factory=time.time, eq=False, repr=False)
    """Unix seconds; only for reading an HTTP date where the server sent no ``Date`` of its own."""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def without(self, secret: str) -> Reply:
        """Give the same reply with a secret blanked, should the server have echoed it."""
        return evolve(self, body=self.body.replace(secret.encode(), b"***"))


def plain_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give headers as a `Reply` has them: by lower-case name."""
    return {name.lower(): value for name, value in headers.items()}


class SendError(Exception):
    """A transport's way to say that no whole reply came.

    Attributes:
        never_sent: the request can't have reached the server.
        final: another try would end the same way.
    """

    def __init__(self, text: str, *, never_sent: bool = False, final: bool = False) -> None:
        super().__init__(text)
        self.never_sent = never_sent
        self.final = final


class Transport(Protocol):
    """Sends one request once, and reads the reply to its end."""

    async def send(self, request: Request) -> Reply:
        """Send a request.

        Raises:
            SendError: no whole reply came.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the connections. Only the owner calls this."""
        ...


@define
class Scope:
    """What the endpoints of one client share: its organisation, and what it has learnt of the server."""

    org_id: int
    selfie_field: str = guesses.SELFIE_FIELD


def retry_after_s(reply: Reply) -> float | None:
    """Read a reply's ``Retry-After``, in seconds or as an HTTP date; None where it makes no sense."""
    text = reply.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        moment = _http_date(text)
        if moment is None:
            return None
        sent = _http_date(reply.headers.get("date", ""))
        seconds = moment - (reply.received_at if sent is None else sent)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        # The oldest of the three formats names no zone; an HTTP date is in UTC all the same.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
