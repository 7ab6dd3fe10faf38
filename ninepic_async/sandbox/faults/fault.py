"""Failures on command: an ordered list that every request of both ports consults in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final, TypedDict, Unpack

from attrs import Factory, define, field, fields, frozen

from ninepic_async.sandbox.errors import FaultError
from ninepic_async.sandbox.faults import checks as fault_checks
from ninepic_async.sandbox.faults.throttle import Throttle
from ninepic_async.sandbox.request_log import Asked


@frozen(kw_only=True, repr=False)
class Fault:
    """Which requests go wrong, and how. Without any ``how`` it lets the request pass, and counts it.

    **Which**: all that are said have to match.

    Attributes:
        endpoint: Name of the endpoint, as `RequestRecord.endpoint` has it; None: any.
        path: Shell pattern that the whole path has to match, such as ``"*/details"``; None: any.
        page: The ``page`` asked for; None: any.
        attempt: The how-manieth request for the same endpoint, method, path and page; None: any.
        times: How many requests it strikes before it is used up; None: without end. 1 if you say nothing,
            without end for a throttle.
        status: Answer with this instead of doing the work (or after it, with ``after_work``).
        body: Body of that answer: bytes or text as they stand, anything else as JSON.
        headers: Headers of that answer, or more headers for the true one. A ``Content-Length`` in here is
            announced whatever is sent.
        delay_s: Wait this many seconds of the sandbox's clock before going on.
        after_work: Do the work first: what was to be searched, charged or started is, and then ``delay_s``,
            ``status``, ``reset`` or ``stall`` come.
        reset: Reset the connection: before the head of the reply, or with ``after_bytes`` in its middle.
        stall: Send nothing more, until the client goes or the sandbox closes: no head either, or with
            ``after_bytes`` so much of it.
        after_bytes: Send the head and so many bytes of the body before ``reset`` or ``stall``; 0: the head.
        truncate_after: Announce the whole length, send so many bytes of the body and hang up.
        lose_reply: Do the work, then reset the connection before the head.
        replace: New values by their JSON paths in the true reply, such as
            ``{"$.data.images[3].height": "tall"}``.
        remove: JSON paths of what to take out of the true reply.
        serve_page: Answer as if this page had been asked for: a server that repeats itself.
        extra_bytes: So many spaces more at the end of the body.
        per_second: A throttle: only requests beyond so many in one second are struck, with 429 unless
            ``status`` says otherwise.
        at_once: A throttle: only requests beyond so many under way are struck.

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
        values = {attribute.name: getattr(self, attribute.name) for attribute in fields(Fault)}
        problem = fault_checks.problem_with(values, self.said.keys())
        if problem is not None:
            raise FaultError(f"{self!r}: {problem}")

    @property
    def is_throttle(self) -> bool:
        """Whether it strikes only what comes too fast."""
        return self.per_second is not None or self.at_once is not None

    @property
    def said(self) -> dict[str, object]:
        """The fields that are not at their defaults."""
        defaults = {**_DEFAULTS, "times": None if self.is_throttle else 1}
        values = {name: getattr(self, name) for name in defaults}
        return {name: value for name, value in values.items() if value != defaults[name]}

    def is_for(self, asked: Asked) -> bool:
        """Whether a request is one of those this fault is meant for."""
        return (
            self.endpoint in (None, asked.endpoint)
            and (self.path is None or fnmatchcase(asked.path, self.path))
            and self.page in (None, asked.page)
            and (self.serve_page is None or asked.page is not None)
            and self.attempt in (None, asked.attempt)
        )

    def __repr__(self) -> str:
        return f"Fault({', '.join(f'{name}={value!r}' for name, value in self.said.items())})"


def _default(attribute: Any) -> object:
    default = attribute.default
    if not hasattr(default, "takes_self"):
        return default
    return None if default.takes_self else default.factory()


_DEFAULTS: Final = {attribute.name: _default(attribute) for attribute in fields(Fault)}


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
    """A fault in the list, and what has come of it.

    Attributes:
        fault: The fault.
        struck: How many requests it has struck.
        met: How many requests were such as it is meant for.
        missed: Why it did not strike a request that it was meant for, if so: what it was to change was not in
            the reply, or the end it was to cut off.
    """

    fault: Fault
    struck: int = 0
    met: int = 0
    missed: str = ""
    throttle: Throttle | None = None

    @property
    def is_spent(self) -> bool:
        """Whether it strikes no more."""
        return self.fault.times is not None and self.struck >= self.fault.times

    @property
    def is_used_up(self) -> bool:
        """Whether it struck as often as it was to; see `Faults.unused` for those without end."""
        if self.fault.times is not None:
            return self.is_spent
        return (self.met if self.fault.is_throttle else self.struck) > 0

    def miss(self, why: str) -> None:
        """Take a strike back that could not be carried out."""
        self.struck -= 1
        self.missed = why

    def __str__(self) -> str:
        times = "" if self.fault.times is None else f" of {self.fault.times}"
        why = f": {self.missed}" if self.missed else ""
        return f"{self.fault!r} struck {self.struck}{times} times{why}"


class Faults:
    """The faults of one sandbox, in the order they were added.

    Each request meets at most one: the first that is meant for it and not used up. A throttle that lets it
    pass leaves it to those behind.

    Example:
        >>> faults = Faults()
        >>> faults.add(endpoint="photos", status=503, times=2)
        Fault(endpoint='photos', times=2, status=503)
        >>> len(faults.unused)
        1
    """

    def __init__(self) -> None:
        self._armed: list[Armed] = []

    def add(self, fault: Fault | None = None, /, **said: Unpack[FaultFields]) -> Fault:
        """Add a fault behind those already there: one that is given, or one of these fields of `Fault`.

        Raises:
            FaultError: A field is misspelt, impossible, or contradicts another.
        """
        for name in said.keys() - set(_FIELDS):
            close = get_close_matches(name, _FIELDS, 1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(_FIELDS)}"
            raise FaultError(f"a fault has no field {name!r}; {hint}")
        if fault is None:
            fault = Fault(**said)
        elif said:
            raise FaultError("give a fault or its fields, not both")
        throttle = Throttle(fault.per_second, fault.at_once) if fault.is_throttle else None
        self._armed.append(Armed(fault, throttle=throttle))
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        self._armed.clear()

    @property
    def armed(self) -> Sequence[Armed]:
        """All faults, used up or not, with how often each struck."""
        return tuple(self._armed)

    @property
    def unused(self) -> list[Fault]:
        """Faults that did not strike as often as they were to.

        One without end is unused if it struck nobody; a throttle without end if nobody came its way.
        """
        return [armed.fault for armed in self._armed if not armed.is_used_up]

    def assert_used_up(self) -> None:
        """Fail if a fault did not strike as often as it was to: the test did not see what it meant to.

        Raises:
            AssertionError: With each such fault and how often it struck.
        """
        __tracebackhide__ = True
        left = [str(armed) for armed in self._armed if not armed.is_used_up]
        if left:
            listed = "".join(f"\n  {line}" for line in left)
            raise AssertionError(f"{len(left)} of {len(self._armed)} faults were not used up:{listed}")

    @contextmanager
    def meeting(self, asked: Asked, now: float) -> Iterator[Armed | None]:
        """Give the fault that strikes a request, if any, for as long as the request is being answered."""
        passed: list[Throttle] = []
        try:
            yield self._striking(asked, now, passed)
        finally:
            for throttle in passed:
                throttle.leave()

    def _striking(self, asked: Asked, now: float, passed: list[Throttle]) -> Armed | None:
        for armed in self._armed:
            if armed.is_spent or not armed.fault.is_for(asked):
                continue
            armed.met += 1
            if armed.throttle is not None and armed.throttle.admits(now):
                passed.append(armed.throttle)
                continue
            armed.struck += 1
            return armed
        return None
