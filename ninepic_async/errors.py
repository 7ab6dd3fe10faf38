"""Every error that the SDK raises. All derive from `NinePicError`, and all pickle and copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, Final

from attrs import Factory, define, field, frozen

from ninepic_async._records import JSONReady, Record, json_ready

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ClipJobFailedError",
    "ClipJobTimeoutError",
    "ConfigError",
    "DecodeError",
    "DownloadError",
    "EventNotFoundError",
    "FeatureDisabledError",
    "GalleryError",
    "InternalServerError",
    "InvalidInputError",
    "NinePicError",
    "NotFoundError",
    "PermissionDeniedError",
    "Problem",
    "RateLimitError",
    "UnprocessableEntityError",
]


def _rebuild(cls: type[NinePicError], args: tuple[object, ...], state: dict[str, object]) -> NinePicError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class NinePicError(JSONReady, Exception):
    """Base class of all errors that this SDK raises."""

    def to_dict(self) -> dict[str, Any]:
        """Return the error's class name as ``type``, its ``message``, and its attributes, JSON-ready.

        Example:
            >>> NotFoundError("no such event", endpoint="details").to_dict()["status"]
            404
        """
        held = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        message = held.pop("message", "") or self.headline()
        return {"type": type(self).__name__, "message": message, **json_ready(held)}

    def headline(self) -> str:
        """Return what happened, without the call's name, attempts and ``request_id``."""
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        # The default calls cls(*args), which keyword-only arguments break.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


class ConfigError(NinePicError, ValueError):
    """A setting is missing or wrong, or the client is used where it can't work."""


class InvalidInputError(ConfigError):
    """An argument of a call is invalid, such as an empty selfie or a naive datetime. Nothing was sent."""


class DownloadError(NinePicError):
    """Files could not be fetched or written."""


class GalleryError(NinePicError):
    """A gallery can't be made from a folder: it is missing, has no photos, or is not writable."""


# attrs generates the constructors. All else stays as in other exceptions: `args`, repr, identity, notes.


@define(slots=False, auto_exc=False, eq=False, repr=False)
class EventNotFoundError(NinePicError):
    """No event, or more than one, has the slug or name.

    Attributes:
        message: what was searched for, and the most similar events.
        nearest: the slugs of the most similar events, or of those with the same name.
    """

    message: str = ""
    nearest: tuple[str, ...] = field(default=(), kw_only=True)

    def __attrs_post_init__(self) -> None:
        Exception.__init__(self, self.message)


@define(slots=False, auto_exc=False, eq=False, repr=False)
class CallError(NinePicError):
    """A call failed.

    Attributes:
        message: the text of the service or of the network error. It is for people: code must not parse it.
        endpoint: the endpoint's name, such as ``"bib_search"``.
        attempts: how many times the request was sent.
        request_id: the id of the selfie search or Motion job, if the call has one. Pass it to
            ``event.face_results`` or ``event.clip_job`` to continue without a second charge.
    """

    message: str = ""
    endpoint: str = field(default="", kw_only=True)
    attempts: int = field(default=0, kw_only=True)
    request_id: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        Exception.__init__(self, self.message)

    def apply_mask(self, mask: Callable[[str], str]) -> None:
        """Apply a function to every text of this error; it masks a secret that the server echoed."""
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, mask(value))
        Exception.__init__(self, self.message)

    def headline(self) -> str:
        """Return what happened, without the call's name, attempts and ``request_id``."""
        return self.message

    def __str__(self) -> str:
        where = f"{self.endpoint}: " if self.endpoint else ""
        tries = f" (after {self.attempts} attempts)" if self.attempts > 1 else ""
        search = f" [request_id {self.request_id}]" if self.request_id else ""
        return f"{where}{self.headline()}{tries}{search}"


_REQUEST_IDS: Final = ("x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-correlation-id", "cf-ray")
"""Headers with ids that help the service's support to find a request."""


class Headers(Mapping[str, str]):
    """The headers of a reply. Names match in upper and lower case."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] = MappingProxyType({})) -> None:
        self._values = {name.lower(): value for name, value in values.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({self._values!r})"


def _default_status(error: APIStatusError) -> int:
    return error.default_status


@define(slots=False, auto_exc=False, eq=False, repr=False)
class APIStatusError(CallError):
    """The service answered with an error.

    Attributes:
        status: the HTTP status. It is 200 if the body of a 200 says ``responseType: "error"``.
        retry_after: the seconds that the service asked to wait; None if it did not say.
        headers: the reply's headers, without cookies and credentials. Names match in upper and lower case.
        body: the beginning of the reply's body, without signed links.
    """

    default_status: ClassVar[int] = 0

    status: int = field(default=Factory(_default_status, takes_self=True), kw_only=True)
    retry_after: float | None = field(default=None, kw_only=True)
    headers: Headers = field(factory=Headers, converter=Headers, kw_only=True)
    body: str = field(default="", kw_only=True)

    def apply_mask(self, mask: Callable[[str], str]) -> None:
        """Apply a function to every text of this error; it masks a secret that the server echoed."""
        super().apply_mask(mask)
        self.headers = Headers({name: mask(value) for name, value in self.headers.items()})

    def headline(self) -> str:
        """Return what happened, without the call's name, attempts and ``request_id``."""
        hint = "" if self.retry_after is None else f" (retry after {self.retry_after:g} s)"
        return f"{self.status} {self.message}".rstrip() + hint

    def __str__(self) -> str:
        ids = (f" [{name} {self.headers[name][:100]}]" for name in _REQUEST_IDS if name in self.headers)
        return super().__str__() + next(ids, "")


class BadRequestError(APIStatusError):
    """400: the service rejected the request before any work, for example for an unknown ``image_id``."""

    default_status = 400


class AuthenticationError(APIStatusError):
    """401: the ``X-API-Key`` header is missing."""

    default_status = 401


class PermissionDeniedError(APIStatusError):
    """403: the key is invalid or inactive, the org or event is not yours, or your host is not approved."""

    default_status = 403


@define(slots=False, auto_exc=False, eq=False, repr=False)
class FeatureDisabledError(PermissionDeniedError):
    """403: the search is switched off for this event.

    Attributes:
        feature: the flag of `EventDetails` that is off, such as ``"bib_search"``.
    """

    feature: str = field(default="", kw_only=True)


class NotFoundError(APIStatusError):
    """404: the event's configuration or the ``request_id`` does not exist."""

    default_status = 404


@frozen
class Problem(Record):
    """One problem of a 422: the field, and what is wrong with it."""

    field: str
    problem: str


def _as_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problems)


@define(slots=False, auto_exc=False, eq=False, repr=False)
class UnprocessableEntityError(APIStatusError):
    """422: the request does not fit the service's schema.

    Attributes:
        problems: each refused field, and why it was refused.
    """

    default_status = 422

    problems: tuple[Problem, ...] = field(default=(), converter=_as_problems, kw_only=True)

    def apply_mask(self, mask: Callable[[str], str]) -> None:
        """Apply a function to every text of this error; it masks a secret that the server echoed."""
        super().apply_mask(mask)
        self.problems = tuple(Problem(mask(part.field), mask(part.problem)) for part in self.problems)


class RateLimitError(APIStatusError):
    """429: the gateway throttles. Raised when the attempts or the call's time are used up."""

    default_status = 429


class InternalServerError(APIStatusError):
    """5xx: the service or its gateway failed on every attempt."""

    default_status = 500


class APIConnectionError(CallError):
    """No usable reply arrived: connection refused, reset or cut short, or the host name did not resolve."""


class APITimeoutError(APIConnectionError):
    """The call's deadline passed. ``__cause__`` is the last failure before it, if any."""


@define(slots=False, auto_exc=False, eq=False, repr=False)
class DecodeError(CallError):
    """The service answered 2xx with a body that does not match its reference.

    Attributes:
        path: the JSON path of the mismatch, such as ``$.data.images[3].height``.
        expected: what should be there.
        received: what is there.
        body: the body's beginning, with signed links masked.
    """

    path: str = field(default="$", kw_only=True)
    expected: str = field(default="", kw_only=True)
    received: str = field(default="", kw_only=True)
    body: str = field(default="", kw_only=True)

    def headline(self) -> str:
        """Return what happened, without the call's name, attempts and ``request_id``."""
        if self.message:
            return self.message
        begins = f"; the body begins: {self.body}" if self.body else ""
        return f"at {self.path} expected {self.expected}, received {self.received}{begins}"


class ClipJobFailedError(CallError):
    """The Motion job failed. ``message`` has the service's own text."""


class ClipJobTimeoutError(CallError):
    """The Motion job was not done in time. Continue with ``event.clip_job(error.request_id)``."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    cls.default_status: cls
    for cls in (
        BadRequestError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        UnprocessableEntityError,
        RateLimitError,
    )
}


def status_error_class(status: int) -> type[APIStatusError]:
    """Return the error class for an HTTP status."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return InternalServerError
    return _BY_STATUS.get(status, APIStatusError)
