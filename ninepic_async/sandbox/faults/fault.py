"""Failures on command: an ordered list that each request to both ports is checked against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final, TypedDict, Unpack

from attrs import Factory, define, field, frozen
from attrs import fields as fields_of

from ninepic_async.sandbox.errors import FaultError
from ninepic_async.sandbox.faults import validation
from ninepic_async.sandbox.faults.throttle import Throttle
from ninepic_async.sandbox.request_log import RequestInfo


@frozen(kw_only=True, repr=False)
class Fault:
    """Which requests fail, and how. Without a failure, it counts matching requests and lets them pass.

    A request must match all of ``endpoint``, ``path``, ``page`` and ``attempt`` that are given.

    Attributes:
        endpoint: Name of the endpoint, as in `RequestRecord.endpoint`; None: any.
        path: Shell pattern for the whole path, such as ``"*/details"``; None: any.
        page: The requested ``page``; None: any.
        attempt: The attempt's number, from 1, for the same endpoint, method, path and page; None: any.
        times: How many requests it strikes; None: no limit. The default is 1, or no limit for a throttle.
        status: Answer with this status instead of doing the work (or after it, with ``after_work``).
        body: Body of that answer: bytes or text as they are, anything else as JSON.
        headers: Headers of that answer, or extra headers of the real one. A ``Content-Length`` is sent
            even if it is false.
        delay_s: Wait this many seconds of the sandbox's clock first.
        after_work: Search, charge or start before ``delay_s``, ``status``, ``reset`` or ``stall``.
        reset: Reset the connection before the head of the reply, or later with ``after_bytes``.
        stall: Send nothing until the client goes or the sandbox closes; with ``after_bytes``, send a part.
        after_bytes: Send the head and this many bytes of the body before ``reset`` or ``stall``.
        truncate_after: Announce the whole length, send this many bytes of the body, and close.
        lose_reply: Do the work, then reset the connection before the head.
        replace: New values by their JSON paths in the real reply, such as
            ``{"$.data.images[3].height": "tall"}``.
        remove: JSON paths to remove from the real reply.
        serve_page: Answer as if this page had been requested.
        extra_bytes: Append this many spaces to the body.
        per_second: A throttle: strike only requests beyond this many in any second, with 429 unless
            ``status`` is given.
        at_once: A throttle: strike only requests beyond this many that run at the same time.

    Raises:
        FaultError: A value is impossible, or two contradict each other.

    Example:
        >>> Fault(endpoint="photos", page=2, status=503)
        Fault(endpoint='photos', page=2, status=503)
    """

    endpoint: str | None = None
    path: str | None = None
    page: int | None = None
    attempt: int | None = None
    per_second: int | None = None
    at_once: int | None = None
    times: int | None = field(default=Factory(lambda self: None if self.is_throttle else 1, takes_self=True))
    status: int | None = None
    body: object = b""
    headers: Mapping[str, str] = field(factory=dict)
    delay_s: float = 0.0
    after_work: bool = False
    reset: bool = False
    stall: bool = False
    after_bytes: int | None = None
    truncate_after: int | None = None
    lose_reply: bool = False
    replace: Mapping[str, object] = field(factory=dict)
    remove: Sequence[str] = ()
    serve_page: int | None = None
    extra_bytes: int = 0

    def __attrs_post_init__(self) -> None:
        values = {attribute.name: getattr(self, attribute.name) for attribute in fields_of(Fault)}
        problem = validation.problem_with(values, self.given.keys())
        if problem is not None:
            raise FaultError(f"{self!r}: {problem}")

    @property
    def is_throttle(self) -> bool:
        """Return whether it strikes only requests that exceed a rate."""
        return self.per_second is not None or self.at_once is not None

    @property
    def given(self) -> dict[str, object]:
        """Return the fields that are not at their defaults."""
        defaults = {**_DEFAULTS, "times": None if self.is_throttle else 1}
        values = {name: getattr(self, name) for name in defaults}
        return {name: value for name, value in values.items() if value != defaults[name]}

    def matches(self, info: RequestInfo) -> bool:
        """Return whether a request matches."""
        return (
            self.endpoint in (None, info.endpoint)
            and (self.path is None or fnmatchcase(info.path, self.path))
            and self.page in (None, info.page)
            and (self.serve_page is None or info.page is not None)
            and self.attempt in (None, info.attempt)
        )

    def __repr__(self) -> str:
        return f"Fault({', '.join(f'{name}={value!r}' for name, value in self.given.items())})"


def _default(attribute: Any) -> object:
    default = attribute.default
    if not hasattr(default, "takes_self"):
        return default
    return None if default.takes_self else default.factory()


_DEFAULTS: Final = {attribute.name: _default(attribute) for attribute in fields_of(Fault)}


class FaultFields(TypedDict, total=False):
    """The fields of a `Fault`, for `Faults.add`."""

    endpoint: str | None
    path: str | None
    page: int | None
    attempt: int | None
    per_second: int | None
    at_once: int | None
    times: int | None
    status: int | None
    body: object
    headers: Mapping[str, str]
    delay_s: float
    after_work: bool
    reset: bool
    stall: bool
    after_bytes: int | None
    truncate_after: int | None
    lose_reply: bool
    replace: Mapping[str, object]
    remove: Sequence[str]
    serve_page: int | None
    extra_bytes: int


_FIELDS: Final = tuple(FaultFields.__annotations__)


@define(eq=False)
class Armed:
    """A fault in the list, and its counts.

    Attributes:
        fault: The fault.
        struck: How many requests it has struck.
        matched: How many requests have matched it.
        missed: Why it could not strike a request that matched: the reply had no such JSON path, or was
            shorter than the cut. Empty if that did not happen.
    """

    fault: Fault
    struck: int = 0
    matched: int = 0
    missed: str = ""
    throttle: Throttle | None = None

    @property
    def is_spent(self) -> bool:
        """Return whether it strikes no more."""
        return self.fault.times is not None and self.struck >= self.fault.times

    @property
    def is_used_up(self) -> bool:
        """Return whether it struck as often as it should; see `Faults.unused` for no limit."""
        if self.fault.times is not None:
            return self.is_spent
        return (self.matched if self.fault.is_throttle else self.struck) > 0

    def undo_strike(self, why: str) -> None:
        """Undo a strike whose effect was not possible."""
        self.struck -= 1
        self.missed = why

    def __str__(self) -> str:
        times = "" if self.fault.times is None else f" of {self.fault.times}"
        why = f": {self.missed}" if self.missed else ""
        return f"{self.fault!r} struck {self.struck}{times} times{why}"


class Faults:
    """The faults of one sandbox, in the order they were added.

    At most one fault strikes a request: the first that matches and is not used up. If a throttle lets the
    request pass, the faults after it are tried.

    Example:
        >>> faults = Faults()
        >>> faults.add(endpoint="photos", status=503, times=2)
        Fault(endpoint='photos', times=2, status=503)
        >>> len(faults.unused)
        1
    """

    def __init__(self) -> None:
        self._armed: list[Armed] = []

    def add(self, fault: Fault | None = None, /, **fields: Unpack[FaultFields]) -> Fault:
        """Append a fault: a `Fault`, or the fields of one.

        Raises:
            FaultError: A field is unknown, impossible, or contradicts another.
        """
        for name in fields.keys() - set(_FIELDS):
            close = get_close_matches(name, _FIELDS, 1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(_FIELDS)}"
            raise FaultError(f"a fault has no field {name!r}; {hint}")
        if fault is None:
            fault = Fault(**fields)
        elif fields:
            raise FaultError("give a fault or its fields, not both")
        throttle = Throttle(fault.per_second, fault.at_once) if fault.is_throttle else None
        self._armed.append(Armed(fault, throttle=throttle))
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self._armed.clear()

    @property
    def armed(self) -> Sequence[Armed]:
        """Return all faults with their counts, used up or not."""
        return tuple(self._armed)

    @property
    def unused(self) -> list[Fault]:
        """Return the faults that struck less often than they should.

        A fault without a limit is unused if it never struck, a throttle without a limit if nothing matched.
        """
        return [armed.fault for armed in self._armed if not armed.is_used_up]

    def assert_used_up(self) -> None:
        """Fail if a fault struck less often than it should.

        Raises:
            AssertionError: It lists each such fault and how often it struck.
        """
        __tracebackhide__ = True
        left = [str(armed) for armed in self._armed if not armed.is_used_up]
        if left:
            listed = "".join(f"\n  {line}" for line in left)
            raise AssertionError(f"{len(left)} of {len(self._armed)} faults were not used up:{listed}")

    @contextmanager
    def applied_to(self, info: RequestInfo, now: float) -> Iterator[Armed | None]:
        """Yield the fault that strikes a request, if any, while the request is being answered."""
        passed: list[Throttle] = []
        try:
            yield self._striking(info, now, passed)
        finally:
            for throttle in passed:
                throttle.leave()

    def _striking(self, info: RequestInfo, now: float, passed: list[Throttle]) -> Armed | None:
        for armed in self._armed:
            if armed.is_spent or not armed.fault.matches(info):
                continue
            armed.matched += 1
            if armed.throttle is not None and armed.throttle.admits(now):
                passed.append(armed.throttle)
                continue
            armed.struck += 1
            return armed
        return None
