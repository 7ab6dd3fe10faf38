"""Read paged lists: fetch a bounded number of pages ahead, in order, and cancel them on an early exit."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, cast

import anyio
from attrs import evolve, field, fields, frozen

from ninepic_async._contract.endpoint import Endpoint, Listing
from ninepic_async._contract.endpoints import FaceResults, Originals
from ninepic_async._contract.paging import EstimatedPagination
from ninepic_async._core.page_walk import PageWalk
from ninepic_async._records import Record
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.photo_grid import picture_grid
from ninepic_async._support.redact import short_texts
from ninepic_async.errors import APIConnectionError, ConfigError, DecodeError
from ninepic_async.models import Extra, ImageItem, Page, PaginationInfo, as_tuple

T = TypeVar("T")
U = TypeVar("U")

log: Final = logging.getLogger("ninepic_async")

AHEAD_AT_FIRST: Final = 3
AHEAD_AT_MOST: Final = 8
"""Pages requested ahead, at first and later: a consumer that stops early causes few extra requests."""
AHEAD_BYTES: Final = 16 * 1024 * 1024
"""The largest size of all pages fetched ahead. Large replies reduce their number. Usual ones have 40 KB."""
_CLOSE_WITHIN_S: Final = 2.0


class _FetchAhead(Generic[T]):
    """Owns the requests for pages that the consumer has not asked for yet."""

    def __init__(self, fetch: Callable[[int], Awaitable[Page[T]]]) -> None:
        self._fetch = fetch
        self._window = AHEAD_AT_FIRST
        self._tasks: dict[int, asyncio.Task[Page[T]]] = {}
        self._early: set[int] = set()

    def start(self, number: int, last: int, page_bytes: int) -> None:
        """Request a page that is needed, and the likely next ones.

        Args:
            number: the page that is needed.
            last: the last page worth requesting.
            page_bytes: the size of the last reply.
        """
        window = min(self._window, max(AHEAD_BYTES // max(page_bytes, 1), 1))
        for page in range(number, min(number + window - 1, last) + 1):
            if page not in self._tasks:
                self._tasks[page] = asyncio.ensure_future(self._fetch(page))
                if page != number:
                    self._early.add(page)
        self._window = min(2 * self._window, AHEAD_AT_MOST)

    async def take(self, number: int, total: int) -> Page[T]:
        """Wait for a page.

        Args:
            number: the page's number.
            total: the total on the previous page. A page with a smaller total may be older than the previous
                page, and lack items that moved between the two. It is fetched again.
        """
        page = await self._tasks[number]
        del self._tasks[number]
        is_older = page.pagination.total < total and not isinstance(page.pagination, EstimatedPagination)
        if number in self._early and is_older:
            await self.aclose()
            self._window = 1
            page = await self._fetch(number)
        self._early.discard(number)
        return page

    async def aclose(self) -> None:
        """Cancel the requests under way, and wait until they have ended."""
        for task in self._tasks.values():
            task.cancel()
        with anyio.move_on_after(_CLOSE_WITHIN_S, shield=True):
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        self._early.clear()


class AsyncOnly:
    """Raises a helpful error for a plain ``for`` or an index.

    A plain ``for`` tries ``[0]`` if there is no ``__iter__``. With one, the class would count as an iterable.
    """

    __slots__ = ()

    if not TYPE_CHECKING:  # type checkers report a plain `for` themselves

        def __getitem__(self, _: object) -> NoReturn:
            raise TypeError(
                f"{type(self).__name__} is read with `async for`, or `await ….collect()`; "
                "for a plain `for`, use ninepic_async.sync"
            )


@frozen
class Pager(AsyncOnly, Generic[T]):
    """A list that is fetched page by page while you iterate. Each iteration starts at the beginning.

    No request is sent before you iterate. Iterating requests the largest pages that the endpoint allows, and
    a few pages ahead. Leaving the loop early cancels the requests under way.

    Raises:
        NinePicError: while iterating: any failure.

    Example:
        >>> async for photo in event.bib_search("1234"):
        ...     print(photo.img_url)
    """

    _run: Callable[[Listing[T]], Awaitable[Page[T]]] = field(repr=False)
    _listing: Listing[T]
    _first: Page[T] | None = field(default=None, repr=False)

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        """Yield each item once, in the service's order."""
        reading = _Reading(self)
        try:
            while (page := await reading.next()) is not None:
                for item in page.items:
                    yield item
        finally:
            await reading.aclose()

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Yield the pages. An item that was on an earlier page is left out.

        Example:
            >>> async for page in event.photos().pages():
            ...     print(page.pagination.current_page, len(page.items))
        """
        reading = _Reading(self)
        try:
            while (page := await reading.next()) is not None:
                yield page
        finally:
            await reading.aclose()

    async def first_page(self) -> Page[T]:
        """Fetch only the first page, in one request."""
        return self._first or await self._fetch(1)

    async def collect(self, limit: int | None = None) -> list[T]:
        """Fetch the items into a list.

        Args:
            limit: the largest number of items; None for all.

        Raises:
            InvalidInputError: ``limit`` is not a whole number from 0.
            NinePicError: the list could not be fetched.

        Example:
            >>> photos = await event.bib_search("1234").collect(limit=10)
        """
        limit = _arguments.limit(limit)
        items: list[T] = []
        if limit == 0:
            return items
        pager = self
        if limit is not None and limit < self._listing.size and self._first is None:
            pager = evolve(self, listing=evolve(self._listing, page_size=limit))
        reading = _Reading(pager, limit=limit)
        try:
            while limit is None or len(items) < limit:
                page = await reading.next()
                if page is None:
                    break
                items += page.items
        finally:
            await reading.aclose()
        return items[:limit]

    async def count(self) -> int:
        """Return how many items the service counts in the list, in one small request.

        Raises:
            DecodeError: the service does not say how many there are.
            NinePicError: any other failure.

        Example:
            >>> await event.photos().count()
            60
        """
        first = self._first or await self._run(evolve(self._listing, page=1, page_size=1))
        pagination = first.pagination
        if isinstance(pagination, EstimatedPagination) and pagination.has_next_page:
            raise DecodeError(
                "the service does not say how many items there are: count them while you iterate",
                path="$.data.pagination.total",
                expected="a whole number",
                **self._about,
            )
        return pagination.total

    @property
    def _about(self) -> dict[str, Any]:
        """The endpoint and ``request_id`` for an error that ends the iteration."""
        return {"endpoint": self._listing.name, "request_id": self._listing.request_id}

    async def _fetch(self, number: int) -> Page[T]:
        return await self._run(evolve(self._listing, page=number))


class _Reading(Generic[T]):
    """Reads a list once, page by page.

    It is not a generator, because nested generators can't be closed safely: the end of a loop and the garbage
    collector can close both at the same time, and then the inner one is "already running".
    """

    def __init__(self, pager: Pager[T], limit: int | None = None) -> None:
        listing = pager._listing
        self._pager = pager
        self._name = listing.name
        self._limit = limit
        self._page_walk = PageWalk(listing.name, listing.key, listing.request_id)
        self._ahead = _FetchAhead(pager._fetch)
        self._number: int | None = 1
        self._last: PaginationInfo | None = None

    async def next(self) -> Page[T] | None:
        """Return the next page without the items of earlier pages; None at the end."""
        if self._number is None:
            self._page_walk.finish()
            return None
        if self._last is None:
            page = await self._pager.first_page()
        else:
            page = await self._later_page(self._number)
        fresh, self._number = self._page_walk.take(self._number, page)
        self._last = page.pagination
        if self._number is not None:
            last = self._last_page(self._number, page.pagination)
            self._ahead.start(self._number, last, page._reply_bytes)
        if fresh.failed:
            log.warning("%s: %d originals on this page failed", self._name, len(fresh.failed))
        return fresh

    async def aclose(self) -> None:
        """Cancel the requests under way, and wait until they have ended."""
        await self._ahead.aclose()

    async def _later_page(self, number: int) -> Page[T]:
        try:
            return await self._ahead.take(number, self._page_walk.total)
        except ConfigError as error:  # the client was closed
            if self._pager._run is _no_client:
                raise
            message = f"{error}; the list was being read"
        raise APIConnectionError(message, **self._pager._about)

    def _last_page(self, number: int, pagination: PaginationInfo) -> int:
        """Return the last page worth fetching ahead. The next page is needed in any case."""
        last = pagination.total_pages
        if self._limit is not None:
            last = min(last, math.ceil(self._limit / max(pagination.page_size, 1)))
        return max(number, last)


async def _no_client(listing: Listing[ImageItem]) -> Page[ImageItem]:
    raise ConfigError(
        "this FaceSearch was unpickled or made by hand, so it has no client to fetch more pages: "
        f"use event.face_results({listing.request_id!r})"
    )


class _HoldsPager:
    """Holds a search's pager outside of the attrs fields, so that `attrs.asdict` does not include it."""

    __slots__ = ("_attached",)

    _attached: Any


@frozen(kw_only=True, field_transformer=short_texts)
class FoundFaces(_HoldsPager, Record):
    """The data of a selfie search, without methods to fetch more pages."""

    request_id: str
    images: tuple[ImageItem, ...] = field(default=(), converter=as_tuple)
    pagination: PaginationInfo | None = None
    confidence_percentage: float | None = None
    extra: Extra = field(factory=dict, eq=False, repr=False)

    @property
    def total(self) -> int:
        """The number of photos found."""
        return len(self.images) if self.pagination is None else self.pagination.total

    def __reduce__(self) -> tuple[object, ...]:
        # A client can't be pickled, so the copy has the first page only.
        found = {each.name: getattr(self, each.name) for each in fields(FoundFaces)}
        return partial(type(self), **found), ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def _repr_html_(self) -> str:
        return picture_grid(self.images, self.total, f"{self.total:,} found by selfie")

    def _over_images(self) -> Pager[ImageItem]:
        pagination = self.pagination or PaginationInfo(
            total=len(self.images),
            current_page=1,
            total_pages=1,
            has_next_page=False,
            has_previous_page=False,
            page_size=max(len(self.images), 1),
        )
        first: Page[ImageItem] = Page(items=self.images, pagination=pagination)
        return Pager(_no_client, FaceResults(event_id=0, request_id=self.request_id), first)


@frozen(kw_only=True)
class FaceSearch(AsyncOnly, FoundFaces):
    """The result of a selfie search. The first page came with the upload; later ones are fetched on demand.

    Store ``request_id`` to read the same result again with ``event.face_results(request_id)``, without a
    second upload or charge.

    Attributes:
        request_id: the search's id. Motion and originals accept it too.
        confidence_percentage: the threshold used by the service, or None.
        images: the photos of the first page.
        pagination: the first page's pagination.
    """

    @property
    def _pager(self) -> Pager[ImageItem]:
        pager: Pager[ImageItem] | None = getattr(self, "_attached", None)
        return pager or self._over_images()

    def __aiter__(self) -> AsyncGenerator[ImageItem, None]:
        """Yield each photo once, in the service's order."""
        return self._pager.__aiter__()

    def pages(self) -> AsyncGenerator[Page[ImageItem], None]:
        """Yield the pages. The first one needs no request."""
        return self._pager.pages()

    async def first_page(self) -> Page[ImageItem]:
        """Return the first page, without a request."""
        return await self._pager.first_page()

    async def collect(self, limit: int | None = None) -> list[ImageItem]:
        """Fetch the photos into a list, at most ``limit`` of them; None for all."""
        return await self._pager.collect(limit)

    async def count(self) -> int:
        """Return how many photos were found, without a request. `total` is the same."""
        return await self._pager.count()


def attach(search: FaceSearch, pager: Pager[ImageItem]) -> FaceSearch:
    """Give a search the pager that fetches its photos. Without a pager, it has its first page only."""
    object.__setattr__(search, "_attached", pager)
    return search


def pager_of(search: FaceSearch) -> Pager[ImageItem]:
    """Return the pager of a search."""
    return search._pager


async def page_again(pager: Pager[T], number: int) -> Page[T]:
    """Fetch one page of a list again, for example after its links have expired."""
    return await pager._fetch(number)


def is_of_originals(pager: Pager[Any]) -> bool:
    """Return whether a list yields links to originals. These can also be signed by id."""
    return isinstance(pager._listing, Originals)


def request_id_of(search: FaceSearch | str | None) -> str | None:
    """Return the ``request_id`` of a search; a string is returned unchanged."""
    return search.request_id if isinstance(search, FaceSearch) else search


async def run_with_client_of(pager: Pager[Any], endpoint: Endpoint[U]) -> U:
    """Run another call with the client of a list."""
    run: Callable[[Endpoint[U]], Awaitable[U]] = cast(Any, pager._run)
    return await run(endpoint)
