"""Sign links to originals by photo id: lazily, with one request for every 60 ids."""

from __future__ import annotations

import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing
from typing import Final

from attrs import evolve, field, frozen

from ninepic_async._contract.endpoint import Listing
from ninepic_async._contract.endpoints import Originals
from ninepic_async._support import arguments as _arguments
from ninepic_async.errors import BadRequestError, InvalidInputError
from ninepic_async.models import FailedUrlItem, ImageItem, Page, PaginationInfo, PresignedUrlItem
from ninepic_async.pagination import Pager

log: Final = logging.getLogger("ninepic_async")

IDS_PER_REQUEST: Final = Originals.page_size_max

Run = Callable[[Listing[PresignedUrlItem]], Awaitable[Page[PresignedUrlItem]]]


@frozen
class Signed:
    """Signed links to originals, and the photos that the service could not sign a link for."""

    links: tuple[PresignedUrlItem, ...] = ()
    failed: tuple[FailedUrlItem, ...] = ()


async def sign_ids(run: Run, listing: Originals, ids: Sequence[str]) -> Signed:
    """Sign links to the originals with these ids.

    The service refuses a request in which an id is malformed, and does not say which. Such a request is
    halved until the bad ids are found, and the others are signed.

    Args:
        run: runs a call.
        listing: the call; its ids are replaced.
        ids: at most `IDS_PER_REQUEST` ids.

    Raises:
        NinePicError: signing fails for another reason.
    """
    call = evolve(listing, method="image_ids", identifier=tuple(ids))
    try:
        pages = [page async for page in _pages(run, call, len(ids))]
    except BadRequestError as error:
        if len(ids) == 1:
            return Signed(failed=(FailedUrlItem(image_id=ids[0], error=str(error.message)),))
    else:
        return Signed(
            tuple(link for page in pages for link in page.items),
            tuple(failed for page in pages for failed in page.failed),
        )
    middle = len(ids) // 2
    first = await sign_ids(run, listing, ids[:middle])
    second = await sign_ids(run, listing, ids[middle:])
    return Signed(first.links + second.links, first.failed + second.failed)


async def _pages(run: Run, call: Originals, most: int) -> AsyncGenerator[Page[PresignedUrlItem], None]:
    """Yield the pages of links. There are several if the service sends smaller pages than requested."""
    for number in range(1, most + 1):
        page = await run(evolve(call, page=number))
        yield page
        if not page.pagination.has_next_page or not (page.items or page.failed):
            return


@frozen
class OriginalsByIds(Pager[PresignedUrlItem]):
    """Signed links to the originals of a list of photos. The list is read while you iterate over the links.

    A photo that is in the list twice is signed once.
    """

    _call: Originals = field(kw_only=True, repr=False, alias="call")
    _photos: Iterable[object] | AsyncIterable[object] = field(default=(), repr=False, alias="photos")
    _name: str = field(default="image_ids", alias="name")
    _taken: dict[str, None] = field(factory=dict, init=False, eq=False, repr=False)
    """The ids read from a generator, so that a second iteration can start with them."""

    async def __aiter__(self) -> AsyncGenerator[PresignedUrlItem, None]:
        """Yield the links, in the order of the photos."""
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for link in page.items:
                    yield link

    async def pages(self) -> AsyncGenerator[Page[PresignedUrlItem], None]:
        """Yield the links in pages, one page for each request."""
        number, given = 0, 0
        size = min(self._call.size, IDS_PER_REQUEST)
        async with aclosing(_chunks(self._ids(), size)) as chunks:
            async for ids in chunks:
                signed = await sign_ids(self._run, self._call, ids)
                number, given = number + 1, given + len(signed.links) + len(signed.failed)
                if signed.failed:
                    log.warning("%s: %d originals on this page failed", self._call.name, len(signed.failed))
                yield _page(signed, number, given, size)

    async def first_page(self) -> Page[PresignedUrlItem]:
        """Sign the links of the first photos, in one request."""
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                return page
        return _page(Signed(), 0, 0, min(self._call.size, IDS_PER_REQUEST))

    async def collect(self, limit: int | None = None) -> list[PresignedUrlItem]:
        """Sign links into a list.

        Args:
            limit: the largest number of links; None for all.

        Raises:
            InvalidInputError: ``limit`` is not a whole number from 0.
        """
        limit = _arguments.limit(limit)
        links: list[PresignedUrlItem] = []
        if limit == 0:
            return links
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                links += page.items
                if limit is not None and len(links) >= limit:
                    break
        return links[:limit]

    async def count(self) -> int:
        """Return the number of different photos in the list, without a request."""
        count = 0
        async with aclosing(self._ids()) as ids:
            async for _ in ids:
                count += 1
        return count

    async def _ids(self) -> AsyncGenerator[str, None]:
        is_generator = isinstance(self._photos, (Iterator, AsyncIterator))
        taken = self._taken if is_generator else {}
        for image_id in list(taken):
            yield image_id
        # A generator belongs to the caller, and stays open for the next iteration.
        items = _items(self._photos) if is_generator else _each(self._photos)
        async with aclosing(items):
            async for item in items:
                image_id = self._id_of(item)
                if image_id not in taken:
                    taken[image_id] = None
                    yield image_id

    def _id_of(self, item: object) -> str:
        if self._name == "image_ids":
            return _arguments.text(item, self._name)
        if not isinstance(item, ImageItem):
            raise InvalidInputError(f"photos holds a {type(item).__name__}: give ImageItem objects")
        return _arguments.text(item.image_id, self._name)


def _page(signed: Signed, number: int, given: int, size: int) -> Page[PresignedUrlItem]:
    """Return a page. Its total counts the links so far, because the final number is known only at the end."""
    pagination = PaginationInfo(
        total=given,
        current_page=number,
        total_pages=number,
        has_next_page=False,
        has_previous_page=number > 1,
        page_size=size,
    )
    return Page(items=signed.links, failed=signed.failed, pagination=pagination)


async def _chunks(ids: AsyncGenerator[str, None], size: int) -> AsyncGenerator[list[str], None]:
    chunk: list[str] = []
    async with aclosing(ids):
        async for image_id in ids:
            chunk.append(image_id)
            if len(chunk) == size:
                yield chunk
                chunk = []
    if chunk:
        yield chunk


async def _each(items: Iterable[object] | AsyncIterable[object]) -> AsyncGenerator[object, None]:
    """Yield the items of any iterable, and close the async generator that it makes."""
    reading = aiter(items) if isinstance(items, AsyncIterable) else items
    try:
        async for item in _items(reading):
            yield item
    finally:
        if isinstance(reading, AsyncGenerator):
            await reading.aclose()  # now, and not at the next garbage collection


async def _items(items: Iterable[object] | AsyncIterable[object]) -> AsyncGenerator[object, None]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
