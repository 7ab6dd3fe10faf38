"""Report calls to the application's hooks: a record when a call starts, an attempt ends, or a call ends."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from attrs import asdict

from ninepic_async._contract.endpoint import Endpoint
from ninepic_async._contract.messages import Scope
from ninepic_async.errors import ConfigError

log: Final = logging.getLogger("ninepic_async")

_numbers: Final = count(1)
_routes: Final[dict[type, tuple[str, str]]] = {}
_ORG_ID: Final = 4
_EVENT_ID: Final = 6
"""Positions of the two numbers in the segments of a path such as ``/api/v1/ext/903/event/456/ping``."""


class CallStarted(NamedTuple):
    """A call has begun: one operation of the API, one page of a list, or one photo.

    Attributes:
        call: a number that identifies the call in this process. All records of the call have it.
        endpoint: the operation's name, such as ``"bib_search"``; ``"photo"`` for a file from a photo host.
        method: the HTTP method.
        url: the URL without its query, with names in braces in place of ids and values, such as
            ``…/event/{event_id}/bibs/{bib}`` or ``https://photos.9pic.ai/{photo}``.
        event_id: the event's number, if the call is about an event.
    """

    call: int
    endpoint: str
    method: str
    url: str
    event_id: int | None


class AttemptEnded(NamedTuple):
    """One attempt of a call has ended, with or without a reply.

    Attributes:
        call: the call's number.
        endpoint: the operation's name.
        attempt: the attempt's number, from 1.
        status: the HTTP status; None if no complete reply arrived.
        seconds: how long the attempt took, without the time in the throttle's queue.
        error: the error of the attempt; None after a success.
        wait: seconds until the next attempt; None if there is none.
    """

    call: int
    endpoint: str
    attempt: int
    status: int | None
    seconds: float
    error: BaseException | None
    wait: float | None


class CallEnded(NamedTuple):
    """A call has ended.

    Attributes:
        call: the call's number.
        endpoint: the operation's name.
        attempts: how many requests were sent.
        status: the HTTP status of the last reply; None if no reply arrived.
        seconds: how long the whole call took, waits included.
        error: the error that the caller gets, or the cancellation; None after a success.
    """

    call: int
    endpoint: str
    attempts: int
    status: int | None
    seconds: float
    error: BaseException | None


# Each call makes three records. Building them in this way takes half the time.
_started = partial(tuple.__new__, CallStarted)
_attempt_ended = partial(tuple.__new__, AttemptEnded)
_ended = partial(tuple.__new__, CallEnded)

Record = CallStarted | AttemptEnded | CallEnded
Hook = Callable[[Record], object]


def checked(hooks: object) -> tuple[Hook, ...]:
    """Return the hooks as a tuple.

    Raises:
        ConfigError: one can't be called, or is a coroutine function.
    """
    if callable(hooks) or isinstance(hooks, str) or not isinstance(hooks, Iterable):
        raise ConfigError("hooks: give a list of callables, such as hooks=[print]")
    found = tuple(hooks)
    for hook in found:
        if not callable(hook):
            raise ConfigError(
                f"hooks: a {type(hook).__name__} can't be called; give a function of one argument"
            )
        if any(map(inspect.iscoroutinefunction, (hook, type(hook).__call__))):
            raise ConfigError("hooks: a coroutine function would never be awaited; give plain functions")
    return found


def route(endpoint: Endpoint[Any], scope: Scope) -> tuple[str, str]:
    """Return an endpoint's method and path, with names in place of its arguments."""
    kind = type(endpoint)
    found = _routes.get(kind)
    if found is None:
        request = endpoint.request(scope)
        found = _routes[kind] = request.method, _named(request.path.split("/"), endpoint)
    return found


def _named(segments: list[str], endpoint: Endpoint[Any]) -> str:
    segments[_ORG_ID] = "{org_id}"
    if endpoint.event_id is not None:
        segments[_EVENT_ID] = "{event_id}"
    for name, value in asdict(endpoint, recurse=False).items():
        if isinstance(value, str):
            _replace_last(segments, quote(value, "", errors="replace"), f"{{{name}}}")
    return "/".join(segments)


def _replace_last(segments: list[str], value: str, name: str) -> None:
    """Replace the last of equal segments: a BIB may read like the fixed segment before it."""
    for place in range(len(segments) - 1, _EVENT_ID, -1):
        if segments[place] == value:
            segments[place] = name
            return


def photo_address(link: str) -> tuple[str, str, int | None]:
    """Return method and URL for the records of a photo, without path and query: they may hold a signature."""
    try:
        parts = urlsplit(link)
    except ValueError:  # not a URL: the attempt will report it
        return "GET", "{photo}", None
    return "GET", f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{{photo}}", None


class CallReporter:
    """Sends the records of one call to the hooks.

    Args:
        hooks: the functions to call with each record.
        now: returns the monotonic time in seconds.
        endpoint: the operation's name.
        where: method, URL and event of the call.
    """

    __slots__ = (
        "_hooks",
        "_is_open",
        "_started",
        "_where",
        "attempts",
        "call",
        "endpoint",
        "now",
        "seconds",
        "status",
    )

    def __init__(
        self,
        hooks: tuple[Hook, ...],
        now: Callable[[], float],
        endpoint: str,
        where: tuple[str, str, int | None],
    ) -> None:
        self._hooks = hooks
        self.now = now
        self._where = where
        self._started = now()
        self._is_open = False
        """Whether an attempt has begun and was not reported yet."""
        self.call = next(_numbers)
        self.endpoint = endpoint
        self.attempts = 0
        self.status: int | None = None
        self.seconds = 0.0

    def begin(self) -> None:
        """Report the start of the call."""
        self._call_hooks(_started((self.call, self.endpoint, *self._where)))

    def sent(self) -> None:
        """Note that an attempt begins."""
        if self._is_open:
            self.attempt_ended(None, 0.0)
        self._is_open = True
        self.attempts += 1
        self.status = None

    def withdraw(self) -> None:
        """Forget the attempt that has begun, because no request was sent."""
        self.attempts -= 1
        self._is_open = False

    def replied(self, status: int | None, seconds: float) -> None:
        """Note that the attempt is over, with a status or without a reply."""
        if self._is_open:
            self.status = status
            self.seconds = seconds

    def attempt_ended(self, error: BaseException | None, wait: float | None) -> None:
        """Report the attempt, if one has begun."""
        if self._is_open:
            self._is_open = False
            self._call_hooks(
                _attempt_ended(
                    (self.call, self.endpoint, self.attempts, self.status, self.seconds, error, wait)
                )
            )

    def ended(self, error: BaseException | None) -> None:
        """Report the end of the call, and of the attempt that it ended in."""
        try:
            self.attempt_ended(error, None)
        except BaseException as interrupt:
            self._call_ended(interrupt)
            raise
        self._call_ended(error)

    def _call_ended(self, error: BaseException | None) -> None:
        seconds = self.now() - self._started
        self._call_hooks(_ended((self.call, self.endpoint, self.attempts, self.status, seconds, error)))

    def _call_hooks(self, record: Record) -> None:
        call_hooks(self._hooks, record)


def next_call() -> int:
    """Return a new number for records that are not about a call of the API."""
    return next(_numbers)


def call_hooks(hooks: Iterable[Callable[[Any], object]], record: object) -> None:
    """Call each hook with a record. Log the error of a hook that fails."""
    interrupt = None
    for hook in hooks:
        try:
            hook(record)
        except Exception:
            log.warning("the hook %s failed", _name_of(hook), exc_info=True)
        except BaseException as error:  # such as Ctrl-C: call the other hooks before it is raised
            interrupt = error
    if interrupt is not None:
        raise interrupt


def _name_of(hook: Hook) -> str:
    return getattr(hook, "__qualname__", type(hook).__qualname__)
