"""A fault: the requests that it strikes, and what it does to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, TypedDict

from attrs import Factory, field, frozen
from attrs import fields as fields_of

from ninepic_async.sandbox.errors import FaultError
from ninepic_async.sandbox.faults import validation
from ninepic_async.sandbox.request_log import RequestInfo


@frozen(kw_only=True, repr=False)
class Fault:
    """Makes requests fail. It strikes a request when the request matches and the fault is not used up.

    A request must match all of ``endpoint``, ``path``, ``page`` and ``attempt`` that are given. Without a
    failure, the fault only counts the requests that match.

    Attributes:
        endpoint: Name of the endpoint, as in `RequestRecord.endpoint`; None: any.
        path: Shell pattern for the whole path, such as ``"*/details"``; None: any.
        page: The requested ``page``; None: any.
        attempt: Number of the attempt, from 1. Attempts have the same endpoint, method, path and page; None:
            any.
        times: How many requests it strikes; None: no limit. The default is 1, or no limit for a throttle.
        status: Answer with this status instead of doing the work; with ``after_work``, after doing it.
        body: Body of that answer: bytes and text are sent unchanged, anything else as JSON.
        headers: Headers of that answer, or extra headers of the real one. A ``Content-Length`` is sent
            even if it is false.
        delay_s: Wait this many seconds of the sandbox's clock before answering.
        after_work: Do the work (search, charge, start a job) before ``delay_s``, ``status``, ``reset`` or
            ``stall``.
        reset: Reset the connection before the headers of the reply; with ``after_bytes``, later.
        stall: Keep the connection open and send nothing; with ``after_bytes``, send a part of the reply
            first.
        after_bytes: Send the headers and this many bytes of the body before ``reset`` or ``stall``.
        truncate_after: Announce the full length, send this many bytes of the body, and close the connection.
        lose_reply: Do the work, then reset the connection before the headers of the reply.
        replace: New values for the real reply, by JSON path, such as
            ``{"$.data.images[3].height": "tall"}``.
        remove: JSON paths to remove from the real reply.
        serve_page: Answer as if this page had been requested.
        extra_bytes: Append this many spaces to the body.
        rate: A throttle (token bucket): strike only requests beyond this average number per second. They get
            a 429 unless ``status`` is given.
        burst: How many requests ``rate`` lets pass at the same moment; None: one second's worth.
        per_second: A throttle: strike only requests beyond this many in any second.
        at_once: A throttle: strike only requests beyond this many that are being answered at the same time.
        retry_after: Whole seconds in the ``Retry-After`` header of the answer; None: no such header.

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
    rate: float | None = None
    burst: int | None = None
    per_second: int | None = None
    at_once: int | None = None
    retry_after: int | None = None
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
        """Return whether it strikes only requests that exceed a limit."""
        return any(limit is not None for limit in (self.rate, self.per_second, self.at_once))

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
    rate: float | None
    burst: int | None
    per_second: int | None
    at_once: int | None
    retry_after: int | None
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
