"""The client: settings and lifecycle. What it does for one event is in `event`."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from attrs import evolve

from ninepic_async._contract import endpoints
from ninepic_async._contract.messages import Scope
from ninepic_async._core import config as _config
from ninepic_async._core.engine import Engine
from ninepic_async._core.retry import RetryPolicy
from ninepic_async._core.throttle import RateLimit, Throttle
from ninepic_async._http.transport import AiohttpTransport
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.clock import SystemClock
from ninepic_async._support.loop_affinity import LoopAffinity
from ninepic_async._support.redact import hidden
from ninepic_async.errors import ConfigError
from ninepic_async.event import Event
from ninepic_async.models import EventListItem
from ninepic_async.pagination import Pager

if TYPE_CHECKING:
    import aiohttp


class NinePic:
    """The 9Pic external API, for asyncio.

    Make one and share it: it may be made outside a loop, opens on first use, and serves any number of tasks
    of one event loop. Close it with ``async with`` or ``await client.aclose()``.

    Args:
        api_key: the organisation's key; None reads ``NINEPIC_API_KEY``. It is sent to ``base_url`` only.
        org_id: the organisation's number; None reads ``NINEPIC_ORG_ID``.
        base_url: where the API is; None reads ``NINEPIC_BASE_URL``, else ``https://api.9pic.ai``.
            ``http`` is accepted for loopback hosts only.
        timeout: seconds for a whole call: every attempt, the waits between them, and the body.
        retry: how often and how patiently a failed attempt is repeated.
        rate_limit: how many requests to start in a while; None leaves that to the service, whose 429 makes
            all calls of this client wait.
        max_concurrency: how many requests may be under way at once.
        session: an ``aiohttp.ClientSession`` of your own. It is used, and never closed; the key is not put
            into its headers.

    Raises:
        ConfigError: a setting is missing or wrong; it says which.

    Example:
        >>> async with NinePic("key", 903) as client:
        ...     photos = await client.event(456).bib_search("1234").collect()

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
    ) -> None:
        api_key = hidden(api_key)
        _config.check_options(retry, rate_limit, session)
        key, org = _config.credentials(api_key, org_id)
        clock, affinity = SystemClock(), LoopAffinity()
        self._base_url = _config.base_url(base_url)
        self._engine = Engine(
            transport=AiohttpTransport(self._base_url, key, session, affinity),
            throttle=Throttle(max_concurrency, rate_limit, clock, affinity),
            scope=Scope(org),
            secret=key,
            retry=retry,
            timeout_s=_arguments.seconds(timeout, "timeout", ConfigError),
            clock=clock,
        )
        self._is_view = False

    def __repr__(self) -> str:
        if not hasattr(self, "_engine"):  # a traceback may show a client whose settings were refused
            return object.__repr__(self)
        return f"NinePic(org_id={self.org_id}, base_url={self._base_url!r})"

    @property
    def org_id(self) -> int:
        """The organisation's number."""
        return self._engine.scope.org_id

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. A client that `with_options` gave leaves that to the one it came from."""
        if not self._is_view:
            await self._engine.transport.aclose()

    def with_options(self, *, timeout: float | None = None, retry: RetryPolicy | None = None) -> Self:
        """Give a view of this client with other limits, on the same connections, gate and rate limit.

        Args:
            timeout: seconds for a whole call; None keeps this client's.
            retry: None keeps this client's.

        Raises:
            ConfigError: ``timeout`` is not positive, or ``retry`` not a `RetryPolicy`.

        Example:
            >>> await client.with_options(timeout=2).event(456).ping()
        """
        engine = self._engine
        bound = engine.timeout_s if timeout is None else _arguments.seconds(timeout, "timeout", ConfigError)
        policy = engine.retry if retry is None else retry
        _config.check_options(policy)
        view = type(self).__new__(type(self))
        view._base_url = self._base_url
        view._engine = evolve(engine, timeout_s=bound, retry=policy)
        view._is_view = True
        return view

    def events(self, *, page_size: int | None = None) -> Pager[EventListItem]:
        """List the organisation's events.

        Args:
            page_size: events a request; None asks for as many as the endpoint allows (100).

        Raises:
            NinePicError: while iterating.

        Example:
            >>> [event.event_name async for event in client.events()]

        Reference: docs.9pic.ai, External API, List Events.
        """
        return Pager(self._engine.run, endpoints.Events(page_size=_arguments.page_size(page_size)))

    def event(self, event_id: int | str) -> Event:
        """Give a handle on one event. Nothing is sent.

        Args:
            event_id: the event's number.

        Raises:
            InvalidInputError: it is not a positive whole number.
        """
        return Event(self._engine, _arguments.number(event_id, "event_id"))
