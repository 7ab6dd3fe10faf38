"""The log of requests to the sandbox, for tests to read."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, overload

from aiohttp import web
from attrs import frozen

from ninepic_async.sandbox.routes import UNKNOWN

KEPT: Final = 10_000
"""The log keeps this many requests, and the attempt counts of this many calls. Older ones are dropped."""
MASK: Final = "***"
KEY_HEADER: Final = "X-API-Key"

Host = Literal["api", "photos"]


@frozen
class RequestInfo:
    """What identifies a request that is being answered.

    Attributes:
        host: The port that received it: ``"api"`` or ``"photos"``.
        endpoint: Name of the route, or ``"unknown"``.
        page: The requested ``page``, if it is a number.
        attempt: Number of the attempt, from 1. Requests with the same endpoint, method, path and page are
            attempts of one call.
    """

    host: Host
    endpoint: str
    method: str
    path: str
    page: int | None
    attempt: int


@frozen(kw_only=True)
class RequestRecord:
    """One request and the status of its reply. The API key is masked everywhere.

    Attributes:
        host: The port that received it: ``"api"`` or ``"photos"``.
        endpoint: Name of the route, or ``"unknown"``.
        page: The requested ``page``, if it is a number.
        attempt: Number of the attempt, from 1. Requests with the same endpoint, method, path and page are
            attempts of one call. Bodies are not compared: if two visitors upload selfies to one event, the
            second upload counts as attempt 2.
        status: Status of the reply; 0 if the connection was reset or the client had disconnected.
        at: Unix time by the sandbox's clock when the request was answered.
    """

    host: Host
    method: str
    path: str
    endpoint: str
    query: Mapping[str, str]
    page: int | None
    attempt: int = 1
    headers: Mapping[str, str]
    status: int
    at: float


class RequestLog(Sequence[RequestRecord]):
    """The last 10,000 requests, oldest first.

    Example:
        >>> log = RequestLog("the-key")
        >>> [record.status for record in log if record.endpoint == "bib_search"]
        []
    """

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key
        self._records: deque[RequestRecord] = deque(maxlen=KEPT)
        self._attempts: OrderedDict[tuple[str, str, str, int | None], int] = OrderedDict()

    def begin(self, host: Host, request: web.Request) -> RequestInfo:
        """Count a new request as an attempt, and return what identifies it."""
        endpoint, page = endpoint_of(request), page_of(request)
        call = (endpoint, request.method, request.path, page)
        attempt = self._attempts[call] = self._attempts.pop(call, 0) + 1
        if len(self._attempts) > KEPT:
            self._attempts.popitem(last=False)
        return RequestInfo(host, endpoint, request.method, request.path, page, attempt)

    def add(self, info: RequestInfo, request: web.Request, status: int, at: float) -> None:
        """Add a request that was answered, or whose client has disconnected."""
        record = RequestRecord(
            host=info.host,
            method=info.method,
            path=self._masked(info.path),
            endpoint=info.endpoint,
            query={name: self._masked(value) for name, value in request.query.items()},
            page=info.page,
            attempt=info.attempt,
            headers={
                name: MASK if _is_key_header(name) else self._masked(value)
                for name, value in request.headers.items()
            },
            status=status,
            at=at,
        )
        self._records.append(record)

    def leaks_key(self, host: Host, request: web.Request) -> bool:
        """Return whether a request has the API key in a wrong place."""
        if host == "photos" and KEY_HEADER in request.headers:
            return True
        headers = [value for name, value in request.headers.items() if not _is_key_header(name)]
        return any(self._api_key in text for text in (request.path, *request.query.values(), *headers))

    def clear(self) -> None:
        """Remove all requests and attempt counts."""
        self._records.clear()
        self._attempts.clear()

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(list(self._records))  # Copy: the sandbox can append from another thread meanwhile.

    @overload
    def __getitem__(self, place: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[RequestRecord]: ...
    def __getitem__(self, place: int | slice) -> RequestRecord | list[RequestRecord]:
        return list(self._records)[place] if isinstance(place, slice) else self._records[place]

    def __repr__(self) -> str:
        return f"RequestLog({list(self._records)})"

    def _masked(self, text: str) -> str:
        # aiohttp decodes bytes that are not UTF-8 as surrogates, which can't be encoded again.
        readable = text.encode(errors="surrogateescape").decode(errors="replace")
        return readable.replace(self._api_key, MASK)


def _is_key_header(name: str) -> bool:
    return name.casefold() == KEY_HEADER.casefold()


def endpoint_of(request: web.Request) -> str:
    """Return the name of the route, or ``"unknown"``."""
    return request.match_info.route.name or UNKNOWN


def page_of(request: web.Request) -> int | None:
    """Return the requested page, if it is a number."""
    page = request.query.get("page", "")
    return int(page) if page.isdecimal() and len(page) < 10 else None
