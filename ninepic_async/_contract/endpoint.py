"""What an endpoint is.

It says what to send (`request`), what the answer means (`decode`), whether it can be asked again
(`replayable`), and what to try instead when the server refuses a guess (`amend`).
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
        InvalidInputError: no encoding could keep the value inside its segment, or it is empty.
    """
    text = str(value)
    # Proxies resolve "%2E%2E" just as they do "..", so encoding would not hold these two in.
    if not text.strip() or text in (".", ".."):
        raise InvalidInputError(f"{what}={value!r} can't be a {what}")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"{what}={value!r} is not valid text") from error


@frozen(kw_only=True)
class Endpoint(ABC, Generic[T_co]):
    """One call, with its arguments."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Flags of the event's details without which the service answers 403."""

    event_id: int | None = None
    request_id: str | None = None

    @property
    def replayable(self) -> bool:
        """Whether sending it twice does the work, and charges for it, once."""
        return True

    @abstractmethod
    def request(self, scope: Scope) -> Request:
        """Say what to send."""

    @abstractmethod
    def decode(self, reply: Reply) -> T_co:
        """Say what a 2xx reply means, or raise a `DecodeError`."""

    def amend(self, reply: Reply, scope: Scope) -> Self | None:
        """Give the call to make instead, where a refusal shows that a guess was wrong."""
        return None

    def flags_endpoint(self) -> Endpoint[EventDetails] | None:
        """Return the call that shows the event's feature flags, where a flag can explain a 403."""
        return None

    def path(self, scope: Scope, *segments: str) -> str:
        """Give the path below the organisation, or below the event where the call has one."""
        event = () if self.event_id is None else ("event", str(self.event_id))
        return "/".join(("/api/v1/ext", str(scope.org_id), *event, *segments))


@frozen(kw_only=True)
class Listing(Endpoint[Page[T]]):
    """A paged call; `page` counts from 1."""

    page_size_max: ClassVar[int] = 100

    page: int = 1
    page_size: int | None = None
    """None: the endpoint's largest."""

    @property
    def size(self) -> int:
        """How many items to ask for at once."""
        return self.page_size_max if self.page_size is None else self.page_size

    @property
    def query(self) -> dict[str, str]:
        """The query that names the page."""
        return {"page": str(self.page), "page_size": str(self.size)}

    @staticmethod
    @abstractmethod
    def key(item: T) -> Hashable:
        """Tell two items apart, and know one again."""
