"""Assertions for the end of a test; each failure lists what the sandbox saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ninepic_async.sandbox.request_log import RequestLog
from ninepic_async.sandbox.state import Charge, SandboxState


def one_search_charged(state: SandboxState, log: RequestLog) -> None:
    """Fail unless exactly one selfie was matched and charged."""
    __tracebackhide__ = True
    if len(state.charges) != 1:
        uploads = [f"{r.endpoint} (attempt {r.attempt}, {r.status})" for r in log if r.method == "POST"]
        raise AssertionError(
            f"{len(state.charges)} selfie searches were charged, not 1:"
            f"{_listed(map(_described, state.charges))}\nPOST requests received:{_listed(uploads)}"
        )


def nothing_uploaded_twice(state: SandboxState) -> None:
    """Fail if one selfie was uploaded under two request ids, and so charged twice."""
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


def no_key_leaked(state: SandboxState) -> None:
    """Fail if the API key came anywhere but in its own header to the API."""
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
