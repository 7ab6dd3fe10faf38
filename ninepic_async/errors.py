"""Everything the SDK raises. Catch `NinePicError` for all of it; every error pickles."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

from attrs import frozen

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


class NinePicError(Exception):
    """Anything that this SDK raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # The default calls cls(*args), which keyword-only arguments break.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


class ConfigError(NinePicError, ValueError):
    """A setting is missing or wrong, or the client is used where it can't work. Nothing was sent."""


class InvalidInputError(ConfigError):
    """An argument of one call can't be right (an empty selfie, a naive datetime, …). Nothing was sent."""


class DownloadError(NinePicError):
    """Files could not be fetched or written."""


class GalleryError(NinePicError):
    """A folder can't be made a gallery of: it is not there, holds no photos, or can't be written to."""


class CallError(NinePicError):
    """A call that was made and failed.

    Attributes:
        message: what the server, or the connection, had to say. For people: never branch on it.
        endpoint: the endpoint's name, such as ``"bib_search"``.
        attempts: how many times the request was sent.
        request_id: names the selfie search or Motion job that the call belonged to, if any; pass it to
            ``event.face_results`` or ``event.clip_job`` to pick up without a second charge.
    """

    def __init__(
        self, message: str = "", *, endpoint: str = "", attempts: int = 0, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.endpoint = endpoint
        self.attempts = attempts
        self.request_id = request_id

    def blank(self, secret: str) -> None:
        """Take a secret out of every text that this error holds, should the server have echoed it."""
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, value.replace(secret, "***"))
        Exception.__init__(
            self, *(arg.replace(secret, "***") if isinstance(arg, str) else arg for arg in self.args)
        )

    def headline(self) -> str:
        """Say what happened, without the call that it happened to."""
        return self.message

    def __str__(self) -> str:
        where = f"{self.endpoint}: " if self.endpoint else ""
        tries = f" (after {self.attempts} attempts)" if self.attempts > 1 else ""
        search = f" [request_id {self.request_id}]" if self.request_id else ""
        return f"{where}{self.headline()}{tries}{search}"


class APIStatusError(CallError):
    """The service answered, and the answer was no.

    Attributes:
        status: the HTTP status. It can be 200, where the body said ``responseType: "error"``.
        retry_after: seconds that the service asked to wait; None where it did not say.
    """

    default_status: ClassVar[int] = 0

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        endpoint: str = "",
        attempts: int = 0,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, endpoint=endpoint, attempts=attempts, request_id=request_id)
        self.status: int = self.default_status if status is None else status
        self.retry_after = retry_after

    def headline(self) -> str:
        """Say what happened, without the call that it happened to."""
        hint = "" if self.retry_after is None else f" (retry after {self.retry_after:g} s)"
        return f"{self.status} {self.message}".rstrip() + hint


class BadRequestError(APIStatusError):
    """400: rejected before any work, such as an unknown ``image_id``."""

    default_status = 400


class AuthenticationError(APIStatusError):
    """401: the ``X-API-Key`` header did not arrive."""

    default_status = 401


class PermissionDeniedError(APIStatusError):
    """403: the key is wrong or inactive, the org or event is not yours, or your host is not approved."""

    default_status = 403


class FeatureDisabledError(PermissionDeniedError):
    """403, because the search is switched off for this event.

    Attributes:
        feature: the flag of `EventDetails` that is off, such as ``"bib_search"``.
    """

    def __init__(
        self,
        message: str = "",
        *,
        feature: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        endpoint: str = "",
        attempts: int = 0,
        request_id: str | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            retry_after=retry_after,
            endpoint=endpoint,
            attempts=attempts,
            request_id=request_id,
        )
        self.feature = feature


class NotFoundError(APIStatusError):
    """404: the event's configuration or the ``request_id`` does not exist."""

    default_status = 404


@frozen
class Problem:
    """One part of a 422: which field, and what is wrong with it."""

    field: str
    problem: str


class UnprocessableEntityError(APIStatusError):
    """422: the request broke the service's schema.

    Attributes:
        problems: each field that was refused, and why.
    """

    default_status = 422

    def __init__(
        self,
        message: str = "",
        *,
        problems: Sequence[Problem] = (),
        status: int | None = None,
        retry_after: float | None = None,
        endpoint: str = "",
        attempts: int = 0,
        request_id: str | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            retry_after=retry_after,
            endpoint=endpoint,
            attempts=attempts,
            request_id=request_id,
        )
        self.problems: tuple[Problem, ...] = tuple(problems)

    def blank(self, secret: str) -> None:
        """Take a secret out of every text that this error holds, should the server have echoed it."""
        super().blank(secret)
        self.problems = tuple(
            Problem(part.field.replace(secret, "***"), part.problem.replace(secret, "***"))
            for part in self.problems
        )


class RateLimitError(APIStatusError):
    """429: the gateway throttles. Raised once the retries, or the time, are used up."""

    default_status = 429


class InternalServerError(APIStatusError):
    """5xx: the service or its gateway failed, and went on failing while we retried."""

    default_status = 500


class APIConnectionError(CallError):
    """No usable answer came: refused, reset, cut short, or the name did not resolve."""


class APITimeoutError(APIConnectionError):
    """The call's deadline passed. ``__cause__`` is the last failure before it, if there was one."""


class DecodeError(CallError):
    """The service answered 2xx with something else than its reference promises.

    Attributes:
        path: where, as a JSON path such as ``$.data.images[3].height``.
        expected: what should be there.
        received: what was there.
        body: the body's beginning, without signed links.
    """

    def __init__(
        self,
        message: str = "",
        *,
        path: str = "$",
        expected: str = "",
        received: str = "",
        body: str = "",
        endpoint: str = "",
        attempts: int = 0,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, endpoint=endpoint, attempts=attempts, request_id=request_id)
        self.path = path
        self.expected = expected
        self.received = received
        self.body = body

    def headline(self) -> str:
        """Say what happened, without the call that it happened to."""
        if self.message:
            return self.message
        begins = f"; the body begins: {self.body}" if self.body else ""
        return f"at {self.path} expected {self.expected}, received {self.received}{begins}"


class ClipJobFailedError(CallError):
    """Motion ended in failure; its own words are in ``message``."""


class ClipJobTimeoutError(CallError):
    """Motion was still at work when the bound passed. Go on with ``event.clip_job(error.request_id)``."""


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
    """Tell which error stands for an HTTP status."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return InternalServerError
    return _BY_STATUS.get(status, APIStatusError)
