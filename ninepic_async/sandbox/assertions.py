"""Assertions for the end of a test; each failure lists what the sandbox saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ninepic_async.sandbox.request_log import RequestLog
from ninepic_async.sandbox.state import Charge, SandboxState


class Assertions:
    """The assertions of a `Sandbox`."""

    __slots__ = ()
    requests: RequestLog

    @property
    def state(self) -> SandboxState:
        """Return searches, jobs, charges and leaked keys so far."""
        raise NotImplementedError

    def assert_one_search_charged(self) -> None:
        """Fail unless exactly one selfie was matched and charged, however often it was sent.

        Raises:
            AssertionError: The charges were not exactly one. The message lists charges and uploads.

        Example:
            >>> sb.assert_one_search_charged()
        """
        __tracebackhide__ = True
        _one_search_charged(self.state, self.requests)

    def assert_nothing_uploaded_twice(self) -> None:
        """Fail if one selfie was uploaded under two request ids to the same endpoint and event.

        A retry with the same ``request_id`` does not count.

        Raises:
            AssertionError: A selfie was uploaded twice. The message lists each such charge.
        """
        __tracebackhide__ = True
        _nothing_uploaded_twice(self.state)

    def assert_no_key_leaked(self) -> None:
        """Fail if the API key was sent to the photo host, in a URL, or in another header.

        Raises:
            AssertionError: The key was leaked. The message lists the paths of those requests.
        """
        __tracebackhide__ = True
        _no_key_leaked(self.state)


def _one_search_charged(state: SandboxState, log: RequestLog) -> None:
    __tracebackhide__ = True
    if len(state.charges) != 1:
        uploads = [f"{r.endpoint} (attempt {r.attempt}, {r.status})" for r in log if r.method == "POST"]
        raise AssertionError(
            f"{len(state.charges)} selfie searches were charged, not 1:"
            f"{_listed(map(_described, state.charges))}\nPOST requests received:{_listed(uploads)}"
        )


def _nothing_uploaded_twice(state: SandboxState) -> None:
    __tracebackhide__ = True
    by_picture: defaultdict[tuple[str, int, str], list[Charge]] = defaultdict(list)
    for charge in state.charges:
        by_picture[charge.endpoint, charge.event_id, charge.selfie].append(charge)
    twice = [charges for charges in by_picture.values() if len(charges) > 1]
    if twice:
        lines = (_described(charge) for charges in twice for charge in charges)
        raise AssertionError(
            f"{len(twice)} selfies were uploaded and charged more than once:{_listed(lines)}"
        )


def _no_key_leaked(state: SandboxState) -> None:
    __tracebackhide__ = True
    if state.key_leaks:
        raise AssertionError(
            f"the API key was sent to the wrong place {len(state.key_leaks)} times, in requests for:"
            f"{_listed(state.key_leaks)}"
        )


def _described(charge: Charge) -> str:
    return f"{charge.endpoint} of event {charge.event_id}, request_id {charge.request_id}"


def _listed(lines: Iterable[str]) -> str:
    return "".join(f"\n  {line}" for line in lines) or " none"
