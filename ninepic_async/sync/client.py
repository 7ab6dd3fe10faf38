"""The blocking client: the async one, and the portal to the loop that it runs in."""

# ruff: noqa: D102 (docstrings are carried over)

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from ninepic_async import client
from ninepic_async._core.retry import RetryPolicy
from ninepic_async._core.throttle import RateLimit, ThrottleState
from ninepic_async._http.options import HTTPOptions
from ninepic_async._support.redact import hidden
from ninepic_async.errors import ConfigError
from ninepic_async.models import EventListItem
from ninepic_async.sync._docs import documented_as
from ninepic_async.sync._pagination import Pager
from ninepic_async.sync._portal import Portal
from ninepic_async.sync.event import Event

if TYPE_CHECKING:
    import aiohttp


@documented_as(client.NinePic)
class NinePic:
    """The 9Pic external API, for code that does not ``await``: scripts, notebooks, views, worker threads.

    Make one and share it between threads. It opens on first use, in an event loop of its own that runs in a
    background thread; it may be used where another loop runs. Ctrl-C cancels the call that it interrupts.
    Close it with ``with`` or ``client.close()``. After a ``fork``, a client that was in use before refuses to
    work in the child: make one there.

    Args:
        api_key: the organisation's key; None reads ``NINEPIC_API_KEY``. It is sent to ``base_url`` only.
        org_id: the organisation's number; None reads ``NINEPIC_ORG_ID``.
        base_url: where the API is; None reads ``NINEPIC_BASE_URL``, else ``https://api.9pic.ai``.
            ``http`` is accepted for loopback hosts only.
        timeout: seconds for a whole call: every attempt, the waits between them, and the body.
        retry: how often and how patiently a failed attempt is repeated.
        rate_limit: how many requests to start in a while; None leaves that to the service, whose 429 makes
            all calls of this client wait.
        max_concurrency: how many requests may be under way at once, over all threads.
        session: has to stay None. An ``aiohttp.ClientSession`` belongs to one event loop, and this client's
            is its own.
        http: proxy, TLS and extra headers for API calls and photos; see `HTTPOptions`.

    Raises:
        ConfigError: a setting is missing or wrong; it says which.

    Example:
        >>> with NinePic("key", 903) as client:
        ...     photos = client.event(456).bib_search("1234").collect()

    Reference: docs.9pic.ai, External API, Authentication.
    """

    def __init__(
        self,
        api_key: str | None = None,
        org_id: int | str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 60.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 (frozen)
        rate_limit: RateLimit | None = None,
        max_concurrency: int = 32,
        session: aiohttp.ClientSession | None = None,
        http: HTTPOptions = HTTPOptions(),  # noqa: B008 (frozen)
    ) -> None:
        api_key = hidden(api_key)
        if session is not None:
            raise ConfigError(
                "session belongs to one event loop, and a blocking client has its own: leave it out"
            )
        self._client = client.NinePic(
            api_key,
            org_id,
            base_url=base_url,
            timeout=timeout,
            retry=retry,
            rate_limit=rate_limit,
            max_concurrency=max_concurrency,
            http=http,
        )
        self._portal = Portal(self._client.aclose)
        self._is_view = False

    def __repr__(self) -> str:
        return repr(self._client) if hasattr(self, "_client") else object.__repr__(self)

    @property
    def org_id(self) -> int:
        return self._client.org_id

    @property
    def throttle(self) -> ThrottleState:
        return self._client.throttle

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what is under way and close the connections.

        A client that `with_options` gave leaves that to the one it came from.

        Raises:
            ConfigError: called on the client's own event loop thread.
        """
        if not self._is_view:
            self._portal.close()

    def with_options(self, *, timeout: float | None = None, retry: RetryPolicy | None = None) -> Self:
        view = type(self).__new__(type(self))
        view._client = self._client.with_options(timeout=timeout, retry=retry)
        view._portal = self._portal
        view._is_view = True
        return view

    def events(self, *, page_size: int | None = None) -> Pager[EventListItem]:
        return Pager(self._portal, self._client.events(page_size=page_size))

    def event(self, event_id: int | str) -> Event:
        return Event(self._portal, self._client.event(event_id))

    def find_event(self, name: str) -> Event:
        return Event(self._portal, self._portal.call(self._client.find_event, name))
