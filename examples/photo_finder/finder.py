"""What both web apps share: the searches, the bound on charges, and the words for a visitor.

Nothing here knows a web framework. `app.py` puts it behind aiohttp, `fastapi_app.py` behind FastAPI.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from attrs import define, field, frozen

from ninepic_async import (
    APITimeoutError,
    BadRequestError,
    CtaVisit,
    Event,
    FeatureDisabledError,
    ImageItem,
    InvalidInputError,
    Memories,
    NinePicError,
    NotFoundError,
    RateLimitError,
)

LARGEST_SELFIE: Final = 10 * 1024 * 1024
"""Bytes. The page sends far less: it makes pictures smaller first."""
MOST_SHOWN: Final = 500
"""Photos that a visitor gets to see."""
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' https: http://127.0.0.1:* blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""For every answer. No cache keeps anything of a visitor, and no other site learns the address of a page."""

ARCHIVE_HEADERS: Final = {
    "Content-Type": "application/zip",
    "Content-Disposition": 'attachment; filename="photos.zip"',
}

log = logging.getLogger(__name__)


@frozen
class Photo:
    """One photo, as the page shows it. Sizes are in pixels."""

    id: str
    thumbnail: str
    large: str
    width: int | None
    height: int | None


@frozen
class Found:
    """The outcome of a search. `request_id` leads back to a selfie search without a charge.

    `zip` is the query by which `/photos.zip` sends the same photos. `note` says what to do about a part of
    the search that failed.
    """

    photos: list[Photo]
    request_id: str | None = None
    zip: str | None = None
    note: str | None = None


@frozen
class Problem:
    """What a visitor is told: an HTTP status, a sentence that says what to do, and seconds to wait."""

    status: int
    error: str
    retry_after: int | None = None


class TooManySearchesError(Exception):
    """A visitor has used up their selfie searches."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many selfie searches")
        self.retry_after = retry_after


class OtherEventError(Exception):
    """A visitor comes from the gallery of another event."""


@define
class ChargeLimit:
    """Bound the selfie searches of each visitor, since each is charged.

    A search that is sent again under its ``request_id`` does not count again. Only the latest visitors are
    remembered, so memory is bounded too.
    """

    searches: int = 5
    per_s: float = 3600.0
    visitors: int = 10_000
    clock: Callable[[], float] = monotonic
    _taken: OrderedDict[str, dict[str, float]] = field(factory=OrderedDict, init=False)

    @contextmanager
    def search(self, address: str | None, request_id: str) -> Iterator[None]:
        """Count one search of a visitor. One that is rejected before any work does not count.

        Raises:
            TooManySearchesError: the visitor has had enough for now.
        """
        taken = self._recent(_visitor(address))
        if request_id not in taken and len(taken) >= self.searches:
            raise TooManySearchesError(min(taken.values()) + self.per_s - self.clock())
        taken.setdefault(request_id, self.clock())
        try:
            yield
        except (InvalidInputError, BadRequestError):
            taken.pop(request_id, None)
            raise

    def _recent(self, visitor: str) -> dict[str, float]:
        taken = self._taken.setdefault(visitor, {})
        self._taken.move_to_end(visitor)
        if len(self._taken) > self.visitors:
            self._taken.popitem(last=False)
        for request_id, at in list(taken.items()):
            if at + self.per_s <= self.clock():
                del taken[request_id]
        return taken


@frozen
class Finder:
    """The searches of one event. Share one between all visitors."""

    event: Event
    limit: ChargeLimit = field(factory=ChargeLimit)

    async def about(self) -> dict[str, object]:
        """Return the event's name and date, and which searches it has."""
        details = await self.event.details()
        return {
            "name": details.event_name,
            "date": details.event_date and details.event_date.date().isoformat(),
            "bib_search": details.bib_search,
            "selfie_search": details.selfie_search,
        }

    async def by_bib(self, bib: str) -> Found:
        """Find the photos of a BIB."""
        photos = await self.event.bib_search(bib.strip()).collect(limit=MOST_SHOWN)
        return Found(shown(photos), zip=urlencode({"bib": bib.strip()}) if photos else None)

    async def by_selfie(self, selfie: bytes, request_id: str, address: str | None, bib: str = "") -> Found:
        """Find the photos of the person in a picture, and those of their BIB if they gave one.

        The page creates one ``request_id`` for each picture that a visitor picks. When they press twice, or
        their browser tries again, it is the same id, and 9Pic answers with the result that it has: one
        selfie, one charge. The picture is in memory only; it is neither stored nor logged.
        """
        request_id = checked_id(request_id)
        with self.limit.search(address, request_id):
            memories = await self.event.memories(
                bib=bib.strip() or None, selfie=selfie, request_id=request_id
            )
            rejected = memories.parts["selfie"].error
            if isinstance(rejected, (InvalidInputError, BadRequestError)):
                raise rejected
        return found(memories, bib.strip())

    async def archive(self, bib: str, search: str) -> AsyncGenerator[bytes, None]:
        """Find the photos of a BIB or of an earlier search; return a ZIP that is made while it is sent.

        Searching is done when this returns: until then an error can still be shown.
        """
        memories = await self.event.memories(
            bib=bib.strip() or None, search=checked_id(search) if search else None
        )
        return self.event.zip(memories)

    async def by_visit(self, url: str) -> Found:
        """Find the photos of a visitor whom a button in 9Pic's own gallery sent here. It costs nothing.

        Raises:
            OtherEventError: the button was that of another event.
        """
        visit = CtaVisit.parse(url)
        if visit.event_id != self.event.event_id:
            raise OtherEventError
        if not (visit.bib_number or visit.selfie_request_id):
            return Found([])
        memories = await self.event.memories(bib=visit.bib_number, search=visit.selfie_request_id)
        return found(memories, visit.bib_number)


def found(memories: Memories, bib: str | None) -> Found:
    """Return what the page shows of memories, with a note if a part of the search failed."""
    failed = [part.error for part in memories.parts.values() if part.error is not None]
    note = explain(failed[0]).error if failed else None
    again = {"bib": bib} if bib else {}
    if memories.request_id is not None and memories.parts["selfie"].state == "done":
        again["search"] = memories.request_id
    return Found(
        shown(memories.photos[:MOST_SHOWN]), memories.request_id, urlencode(again) if memories else None, note
    )


def checked_id(text: str) -> str:
    """Return a ``request_id`` in its usual form.

    Raises:
        InvalidInputError: it is no UUID.
    """
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidInputError("the request_id is no UUID") from None


def shown(photos: Iterable[ImageItem]) -> list[Photo]:
    """Return the photos whose links are safe to put into a page."""
    return [
        Photo(photo.image_id, photo.thumbnail_url, photo.img_url, photo.width, photo.height)
        for photo in photos
        if is_safe(photo.thumbnail_url) and is_safe(photo.img_url)
    ]


def is_safe(url: str) -> bool:
    """Return whether a link is https; http is for a sandbox on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "127.0.0.1")


def explain(error: Exception) -> Problem:
    """Say what a visitor can do about an error. What only we can fix is logged; the texts hold no secrets."""
    match error:
        case TooManySearchesError():
            return _later("You have searched often. Please try again later.", 429, error.retry_after)
        case InvalidInputError() | BadRequestError():
            return Problem(400, "Please give a BIB number, or a clear photo of your face as JPEG or PNG.")
        case OtherEventError():
            return Problem(404, "This link is for another event. Please search here by BIB number or selfie.")
        case FeatureDisabledError():
            return Problem(404, "This event can't be searched that way. Please try the other way.")
        case NotFoundError():
            return Problem(404, "This search is gone. Please search again.")
        case RateLimitError():
            return _later(
                "Many people are searching right now. Please try again soon.", 503, error.retry_after
            )
        case APITimeoutError():
            return Problem(504, "That took too long. Please try again.")
        case _:
            log.error(
                "a search failed: %s", error if isinstance(error, NinePicError) else type(error).__name__
            )
            return Problem(502, "The photos can't be searched right now. Please try again later.")


def for_status(status: int) -> Problem:
    """Say what a visitor can do about a request that the web framework refused."""
    texts = {
        404: "There is nothing at this address. Please go back to the first page.",
        413: "This picture is too large. Please pick one under 10 MB.",
    }
    return Problem(status, texts.get(status, "This request can't be answered. Please reload the page."))


def _later(text: str, status: int, seconds: float | None) -> Problem:
    return Problem(status, text, max(1, round(seconds or 10)))


def _visitor(address: str | None) -> str:
    """Return who is behind an address: of IPv6, where each visitor has many, the network counts."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
