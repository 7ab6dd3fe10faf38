"""The faults of a sandbox, in order. Each request to either port is checked against them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Final, Unpack

from attrs import define, evolve

from ninepic_async.sandbox.errors import FaultError
from ninepic_async.sandbox.faults.fault import Fault, FaultFields
from ninepic_async.sandbox.faults.throttle import Throttle, TokenBucket
from ninepic_async.sandbox.request_log import RequestInfo

_FIELDS: Final = tuple(FaultFields.__annotations__)


@define(eq=False)
class Armed:
    """A fault in the list, with its counts.

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
    def has_reached_times(self) -> bool:
        """Return whether it has reached its ``times``, and strikes no more requests."""
        return self.fault.times is not None and self.struck >= self.fault.times

    @property
    def is_used_up(self) -> bool:
        """Return whether it struck as often as it should; `Faults.unused` has the rule for no limit."""
        if self.fault.times is not None:
            return self.has_reached_times
        return (self.matched if self.fault.is_throttle else self.struck) > 0

    def undo_strike(self, why: str) -> None:
        """Do not count a strike whose effect was not possible."""
        self.struck -= 1
        self.missed = why

    def __str__(self) -> str:
        times = "" if self.fault.times is None else f" of {self.fault.times}"
        why = f": {self.missed}" if self.missed else ""
        return f"{self.fault!r} struck {self.struck}{times} times{why}"


class Faults:
    """The faults of one sandbox, in the order they were added.

    At most one fault strikes a request: the first that matches and is not used up. If that is a throttle that
    lets the request pass, the next faults are checked.

    Example:
        >>> faults = Faults()
        >>> faults.add(endpoint="photos", status=503, times=2)
        Fault(endpoint='photos', times=2, status=503)
        >>> len(faults.unused)
        1
    """

    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._gateway: Armed | None = None

    def add(self, fault: Fault | None = None, /, **fields: Unpack[FaultFields]) -> Fault:
        """Append a fault, given as a `Fault` or as its fields.

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
        self._armed.append(Armed(fault, throttle=_throttle_of(fault)))
        return fault

    def clear(self) -> None:
        """Remove all faults, but not the throttle of the whole API."""
        self._armed.clear()

    @property
    def gateway(self) -> Armed | None:
        """Return the throttle of the whole API, with its counts; None if there is none."""
        return self._gateway

    def throttle_gateway(self, fault: Fault | None, now: float) -> None:
        """Set, change or remove the throttle of the whole API. A change keeps tokens and counts."""
        self._gateway = None if fault is None else _changed(self._gateway, fault, now)

    @property
    def armed(self) -> Sequence[Armed]:
        """Return all faults with their counts, used up or not."""
        return tuple(self._armed)

    @property
    def unused(self) -> list[Fault]:
        """Return the faults that struck less often than they should.

        With ``times=None``, a fault is unused if it never struck, and a throttle if no request matched.
        """
        return [armed.fault for armed in self._armed if not armed.is_used_up]

    def assert_used_up(self) -> None:
        """Fail if a fault struck less often than it should.

        Raises:
            AssertionError: A fault is unused. The message lists each such fault and how often it struck.
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
            yield self._first_that_strikes(info, now, passed)
        finally:
            for throttle in passed:
                throttle.leave()

    def _first_that_strikes(self, info: RequestInfo, now: float, passed: list[Throttle]) -> Armed | None:
        for armed in self._candidates(info):
            if armed.has_reached_times or not armed.fault.matches(info):
                continue
            armed.matched += 1
            if armed.throttle is not None and armed.throttle.admits(now):
                passed.append(armed.throttle)
                continue
            armed.struck += 1
            return armed
        return None

    def _candidates(self, info: RequestInfo) -> Iterator[Armed]:
        if self._gateway is not None and info.host == "api":
            yield self._gateway
        yield from self._armed


def _changed(gateway: Armed | None, fault: Fault, now: float) -> Armed:
    bucket = None if gateway is None or gateway.throttle is None else gateway.throttle.bucket
    if gateway is None or bucket is None or fault.rate is None:
        return Armed(fault, throttle=_throttle_of(fault))
    bucket.change(fault.rate, fault.burst, now)
    return evolve(gateway, fault=fault)


def _throttle_of(fault: Fault) -> Throttle | None:
    if not fault.is_throttle:
        return None
    bucket = None if fault.rate is None else TokenBucket(fault.rate, fault.burst)
    return Throttle(fault.per_second, fault.at_once, bucket)
