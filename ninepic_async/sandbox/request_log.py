"""What was asked of the sandbox, for tests to look at afterwards."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, overload

from aiohttp import web
from attrs import frozen

KEPT: Final = 10_000
"""How many requests the log holds, and how many calls it counts attempts of; older ones drop out."""
MASK: Final = "***"
KEY_HEADER: Final = "X-API-Key"
UNKNOWN: Final = "unknown"

Host = Literal["api", "photos"]


@frozen
class Asked:
    """What a request asks for.

    Attributes:
        endpoint: Name of the route, or ``"unknown"``.
        page: The ``page`` asked for, if it was a number.
        attempt: The how-manieth request this is for the same endpoint, method, path and page.
    """

    endpoint: str
    method: str
    path: str
    page: int | None
    attempt: int


@frozen(kw_only=True)
class RequestRecord:
    """One request and how it was answered. The API key is masked wherever it stood.

    Attributes:
        host: Which of the two ports it came to.
        endpoint: Name of the route, or ``"unknown"``.
        page: The ``page`` asked for, if it was a number.
        attempt: The how-manieth request this was for the same endpoint, method, path and page. Bodies are
            not looked at: two visitors who upload selfies to one event make the same call twice.
        status: Status of the reply; 0 when the connection was reset or the client had gone.
        at: Unix time by the sandbox's clock, when the request was answered.
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
    """Requests, oldest first: the last 10,000 of them.

    Example:
        >>> log = RequestLog("the-key")
        >>> [record.status for record in log if record.endpoint == "bib_search"]
        []
    """

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key
        self._records: deque[RequestRecord] = deque(maxlen=KEPT)
        self._attempts: OrderedDict[tuple[str, str, str, int | None], int] = OrderedDict()

    def asked(self, request: web.Request) -> Asked:
        """What a request that has just come asks for; counts it as an attempt."""
        endpoint, page = endpoint_of(request), page_of(request)
        call = (endpoint, request.method, request.path, page)
        attempt = self._attempts[call] = self._attempts.pop(call, 0) + 1
        if len(self._attempts) > KEPT:
            self._attempts.popitem(last=False)
        return Asked(endpoint, request.method, request.path, page, attempt)

    def note(self, host: Host, asked: Asked, request: web.Request, status: int, at: float) -> None:
        """Write down a request that has been answered, or was left by its client."""
        record = RequestRecord(
            host=host,
            method=asked.method,
            path=self._masked(asked.path),
            endpoint=asked.endpoint,
            query={name: self._masked(value) for name, value in request.query.items()},
            page=asked.page,
            attempt=asked.attempt,
            headers={
                name: MASK if _is_key_header(name) else self._masked(value)
                for name, value in request.headers.items()
            },
            status=status,
            at=at,
        )
        self._records.append(record)

    def is_leak(self, host: Host, request: web.Request) -> bool:
        """Whether the API key is anywhere in a request where it should not be."""
        if host == "photos" and KEY_HEADER in request.headers:
            return True
        headers = [value for name, value in request.headers.items() if not _is_key_header(name)]
        return any(self._api_key in text for text in (request.path, *request.query.values(), *headers))

    def clear(self) -> None:
        """Forget everything, attempts too."""
        self._records.clear()
        self._attempts.clear()

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(list(self._records))  # which may grow meanwhile, in the sandbox's thread

    @overload
    def __getitem__(self, place: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[RequestRecord]: ...
    def __getitem__(self, place: int | slice) -> RequestRecord | list[RequestRecord]:
        return list(self._records)[place] if isinstance(place, slice) else self._records[place]

    def __repr__(self) -> str:
        return f"RequestLog({list(self._records)})"

    def _masked(self, text: str) -> str:
        # What is no UTF-8 comes as surrogates, which nothing can write.
        readable = text.encode(errors="surrogateescape").decode(errors="replace")
        return readable.replace(self._api_key, MASK)


def _is_key_header(name: str) -> bool:
    return name.casefold() == KEY_HEADER.casefold()


def endpoint_of(request: web.Request) -> str:
    """The route's name, or ``"unknown"``."""
    return request.match_info.route.name or UNKNOWN


def page_of(request: web.Request) -> int | None:
    """The page asked for, if it is a number."""
    page = request.query.get("page", "")
    return int(page) if page.isdecimal() and len(page) < 10 else None
