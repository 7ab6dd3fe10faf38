"""The client: settings and lifecycle. `event` has the operations on one event."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from types import TracebackType
from typing import TYPE_CHECKING, Self

from attrs import evolve

from ninepic_async._contract import endpoints
from ninepic_async._contract.messages import Scope
from ninepic_async._core import config as _config
from ninepic_async._core.engine import Engine
from ninepic_async._core.hooks import Hook, checked
from ninepic_async._core.retry import RetryPolicy
from ninepic_async._core.throttle import RateLimit, Throttle, ThrottleState
from ninepic_async._http.network import Network
from ninepic_async._http.options import HTTPOptions
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.clock import SystemClock
from ninepic_async._support.logs import log_to_stderr_if_asked
from ninepic_async._support.loop_affinity import LoopAffinity
from ninepic_async._support.secret import hidden, hidden_unless_number
from ninepic_async.errors import ConfigError
from ninepic_async.event import Event
from ninepic_async.event.lookup import find_event_id
from ninepic_async.models import EventListItem
from ninepic_async.pagination import Pager

if TYPE_CHECKING:
    import aiohttp


class NinePic:
    """Client for the 9Pic external API, for asyncio.

    Create one client and share it between the tasks of one event loop. It can be created outside a loop, and
    opens connections on first use. Once that loop is closed, it moves to the next one, so a client at module
    level works with several ``asyncio.run``. Close it with ``async with`` or ``await client.aclose()``.

    Args:
        api_key: the organisation's key; None reads ``NINEPIC_API_KEY``. It is sent to ``base_url`` only.
        org_id: the organisation's number; None reads ``NINEPIC_ORG_ID``.
        base_url: the API's URL; None reads ``NINEPIC_BASE_URL``, and without it uses ``https://api.9pic.ai``.
            An ``http`` URL is allowed for loopback hosts. For others, set
            ``http=HTTPOptions(allow_plain_http=True)``.
        timeout: seconds for a whole call: reading the selfie, all attempts, and the waits between them.
        retry: how often to retry a failed attempt, and how long to wait before each retry.
        rate_limit: the largest number of requests per time; None sets no limit. In both cases, a 429 from the
            service pauses all calls of this client.
        max_concurrency: the largest number of requests at the same time.
        session: your own ``aiohttp.ClientSession`` for the API calls, with its own proxy and TLS settings.
            The client never closes it, and never puts the key into its default headers. It is not used for
            photos, because photo hosts must not get its headers and cookies: ``http`` applies to them.
        http: proxy, TLS and extra headers for API calls and photos; see `HTTPOptions`.
        hooks: functions that the client calls with a `CallStarted`, `AttemptEnded` or `CallEnded`. They run
            in the event loop, so they must be quick. The client logs their errors, and the call goes on.

    Raises:
        ConfigError: a setting is missing or wrong. The message names it.

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
        http: HTTPOptions = HTTPOptions(),  # noqa: B008 (frozen)
        hooks: Sequence[Hook] = (),
    ) -> None:
        # Importing aiohttp takes a while: do it here, not during the first call.
        from ninepic_async._http.transport import AiohttpTransport

        log_to_stderr_if_asked()
        api_key, org_id = hidden(api_key), hidden_unless_number(org_id)
        _config.check_options(retry, rate_limit, session, http)
        key, org = _config.credentials(api_key, org_id)
        clock, affinity = SystemClock(), LoopAffinity()
        self._base_url = _config.base_url(base_url, http.allow_plain_http)
        network = Network.of(http, self._base_url)
        self._engine = Engine(
            transport=AiohttpTransport(self._base_url, key, session, affinity, network),
            throttle=Throttle(max_concurrency, rate_limit, clock, affinity),
            scope=Scope(org),
            secret=key,
            retry=retry,
            timeout_s=_arguments.seconds(timeout, "timeout", ConfigError),
            clock=clock,
            network=network,
            hooks=checked(hooks),
            base_url=self._base_url,
        )
        self._is_view = False

    def __repr__(self) -> str:
        if not hasattr(self, "_engine"):  # the settings were invalid, and a traceback shows this object
            return object.__repr__(self)
        return f"NinePic(org_id={self.org_id}, base_url={self._base_url!r})"

    @property
    def org_id(self) -> int:
        """The organisation's number."""
        return self._engine.scope.org_id

    @property
    def throttle(self) -> ThrottleState:
        """The client's current pace and pause, and the number of waiting requests.

        Example:
            >>> state = client.throttle
            >>> print(state.pace, state.paused_s, state.waiting)
        """
        return self._engine.throttle.state()

    if not TYPE_CHECKING:  # type checkers report a plain `with` themselves

        def __enter__(self) -> Self:
            raise TypeError("NinePic is closed by `async with`; for a plain `with`, use ninepic_async.sync")

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> None: ...

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
        """Close the connections. On a client from `with_options` this does nothing: close the original."""
        if not self._is_view:
            await self._engine.transport.aclose()

    def with_options(self, *, timeout: float | None = None, retry: RetryPolicy | None = None) -> Self:
        """Return a client with other limits that shares this one's connections, throttle and rate limit.

        Args:
            timeout: seconds for a whole call; None keeps the current value.
            retry: the retry policy; None keeps the current one.

        Raises:
            ConfigError: ``timeout`` is not positive, or ``retry`` not a `RetryPolicy`.

        Example:
            >>> await client.with_options(timeout=2).event(456).ping()
        """
        engine = self._engine
        bound = engine.timeout_s if timeout is None else _arguments.seconds(timeout, "timeout", ConfigError)
        policy = engine.retry if retry is None else retry
        _config.check_options(policy)
        view = copy(self)  # attributes of a subclass included
        view._engine = evolve(engine, timeout_s=bound, retry=policy)
        view._is_view = True
        return view

    def events(self, *, page_size: int | None = None) -> Pager[EventListItem]:
        """List the organisation's events.

        Args:
            page_size: events per request; None requests the maximum (100).

        Raises:
            NinePicError: while iterating.

        Example:
            >>> [event.event_name async for event in client.events()]

        Reference: docs.9pic.ai, External API, List Events.
        """
        return Pager(self._engine.run, endpoints.Events(page_size=_arguments.page_size(page_size)))

    def event(self, event_id: int | str) -> Event:
        """Return the handle for one event, without a request.

        Args:
            event_id: the event's number.

        Raises:
            InvalidInputError: ``event_id`` is not a positive whole number.

        Example:
            >>> event = client.event(456)
        """
        return Event(self._engine, _arguments.number(event_id, "event_id"))

    async def find_event(self, name: str) -> Event:
        """Find an event by its slug or name in the list of events, and return its handle.

        Args:
            name: the slug or the name, in upper or lower case. If several events have the same name, use the
                slug.

        Raises:
            InvalidInputError: ``name`` is empty.
            EventNotFoundError: no event, or more than one, has this slug or name. The error lists the most
                similar ones.
            NinePicError: the list could not be fetched.

        Example:
            >>> first = (await client.events().collect(limit=1))[0]
            >>> event = await client.find_event(first.event_slug)

        Reference: docs.9pic.ai, External API, List Events.
        """
        return self.event(await find_event_id(self.events(), _arguments.text(name, "name")))
