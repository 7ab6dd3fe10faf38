"""The base of all endpoints.

An endpoint builds its request and decodes the reply. It also knows whether the request can be sent again
(`replayable`), and what to send instead if the server refuses a guess about the API (`amend`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import ClassVar, Generic, Self, TypeVar
from urllib.parse import quote

from attrs import frozen

from ninepic_async._contract.messages import Reply, Request, Scope
from ninepic_async.errors import InvalidInputError
from ninepic_async.models import EventDetails, Page

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def segment(value: str | int, what: str) -> str:
    """Percent-encode one path segment.

    Raises:
        InvalidInputError: it is empty, ``.`` or ``..``, or can't be encoded.
    """
    text = str(value)
    # Proxies resolve "%2E%2E" as "..", so encoding does not help.
    if not text.strip() or text in (".", ".."):
        raise InvalidInputError(f"{what}={value!r}: give text that is not empty, '.' or '..'")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"{what}={value!r} is not valid text: it can't be encoded as UTF-8"
        ) from error


def how_to_switch_on(feature: str) -> str:
    """Return a sentence that says who can switch a feature flag on."""
    if feature == "video_search":
        return "only 9Pic's staff can switch it on: write to support@9pic.ai"
    return "the event's organiser can switch it on in the event's settings in the 9Pic dashboard"


@frozen(kw_only=True)
class Endpoint(ABC, Generic[T_co]):
    """One call of the API with its arguments."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Flags of the event's details that must be on. Otherwise the service answers 403."""

    event_id: int | None = None
    request_id: str | None = None

    @property
    def replayable(self) -> bool:
        """Whether the request can be sent again without doing the work, or charging for it, twice."""
        return True

    @property
    def is_upload(self) -> bool:
        """Whether it uploads a selfie, which the service charges for."""
        return False

    @abstractmethod
    def request(self, scope: Scope) -> Request:
        """Return the HTTP request."""

    @abstractmethod
    def decode(self, reply: Reply) -> T_co:
        """Decode a 2xx reply, or raise a `DecodeError`."""

    def amend(self, reply: Reply) -> Self | None:
        """Return the call to make instead if a refusal shows that a guess was wrong; otherwise None."""
        return None

    def learn(self, scope: Scope) -> None:
        """Store what this successful call has shown about the server."""

    def id_on_error(self, status: int | None) -> str | None:
        """Return the ``request_id`` for an error of this call with that status."""
        return self.request_id

    def flags_endpoint(self) -> Endpoint[EventDetails] | None:
        """Return the call that fetches the event's feature flags, if a flag can explain a 403."""
        return None

    def path(self, scope: Scope, *segments: str) -> str:
        """Return a path below the organisation, or below the event if the call has one."""
        event = () if self.event_id is None else ("event", str(self.event_id))
        return "/".join(("/api/v1/ext", str(scope.org_id), *event, *segments))


@frozen(kw_only=True)
class Listing(Endpoint[Page[T]]):
    """A paged call. `page` counts from 1."""

    page_size_max: ClassVar[int] = 100

    page: int = 1
    page_size: int | None = None
    """None means the endpoint's maximum."""

    @property
    def size(self) -> int:
        """The number of items to request per page."""
        return self.page_size_max if self.page_size is None else self.page_size

    @property
    def query(self) -> dict[str, str]:
        """The query for the page."""
        return {"page": str(self.page), "page_size": str(self.size)}

    @staticmethod
    @abstractmethod
    def key(item: T) -> Hashable:
        """Return what identifies an item."""
