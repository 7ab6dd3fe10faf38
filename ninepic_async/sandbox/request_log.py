"""What was asked of the sandbox, for tests to look at afterwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Literal

from aiohttp import web
from attrs import frozen

KEPT = 10_000
"""How many requests the log holds; older ones drop out."""
MASK = "***"
_KEY_HEADER = "X-API-Key"


@frozen(kw_only=True)
class RequestRecord:
    """One request and how it was answered.

    Attributes:
        host: Which of the two ports it came to.
        endpoint: Name of the route, or ``"unknown"``.
        page: The ``page`` asked for, if it was a number.
        headers: As sent, with the API key masked.
        status: Status of the reply; 0 when the client got no whole head.
        at: Unix time by the sandbox's clock.
    """

    host: Literal["api", "photos"]
    method: str
    path: str
    endpoint: str
    query: Mapping[str, str]
    page: int | None
    headers: Mapping[str, str]
    status: int
    at: float


RequestLog = deque[RequestRecord]


def new_log() -> RequestLog:
    """An empty log."""
    return deque(maxlen=KEPT)


def endpoint_of(request: web.Request) -> str:
    """The route's name, or ``"unknown"``."""
    return request.match_info.route.name or "unknown"


def page_of(request: web.Request) -> int | None:
    """The page asked for, if it is a number."""
    page = request.query.get("page", "")
    return int(page) if page.isdecimal() and len(page) < 10 else None


def record_of(request: web.Request, host: Literal["api", "photos"], status: int, at: float) -> RequestRecord:
    """The log's entry for a request."""
    headers = dict(request.headers)
    for name in headers:
        if name.casefold() == _KEY_HEADER.casefold():
            headers[name] = MASK
    return RequestRecord(
        host=host,
        method=request.method,
        path=request.path,
        endpoint=endpoint_of(request),
        query=dict(request.query),
        page=page_of(request),
        headers=headers,
        status=status,
        at=at,
    )
