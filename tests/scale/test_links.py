"""Links that expire are not in the plan. A worker looks them up in the list, which may have changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from attrs import define

from ninepic_async.models import ImageItem, Page, PaginationInfo
from ninepic_async.scale.plan import PlannedPhoto
from ninepic_async.scale.shard import LinkLookup

SIZE = 10


def photo(number: int) -> ImageItem:
    link = f"https://photos.example/{number}.jpg?sig=now"
    return ImageItem(image_id=f"photo-{number}", img_url=link, thumbnail_url=link)


def planned(number: int) -> PlannedPhoto:
    unsigned = ImageItem(image_id=f"photo-{number}", img_url="", thumbnail_url="")
    return PlannedPhoto(photo=unsigned, index=number)


@define
class Listing:
    """A list of photos that counts its requests, in place of a Pager."""

    numbers: Sequence[int]
    requests: int = 0

    async def _fetch(self, number: int) -> Page[ImageItem]:
        self.requests += 1
        found = self.numbers[(number - 1) * SIZE : number * SIZE]
        pagination = PaginationInfo(
            total=len(self.numbers), current_page=number, total_pages=-(-len(self.numbers) // SIZE),
            has_next_page=number * SIZE < len(self.numbers), has_previous_page=number > 1, page_size=SIZE,
        )  # fmt: skip
        return Page(items=tuple(map(photo, found)), pagination=pagination)

    async def first_page(self) -> Page[ImageItem]:
        return await self._fetch(1)

    async def pages(self) -> AsyncIterator[Page[ImageItem]]:
        for number in range(1, -(-len(self.numbers) // SIZE) + 1):
            yield await self._fetch(number)


@pytest.mark.parametrize(
    ("listed", "most"),
    [
        (range(100), 1 + 2),  # as it was: one request for the page size, and one for each page
        (range(5, 100), 1 + 4),  # five were deleted in front: each is near its page
        (range(60, 100), 1 + 6 + 4),  # sixty were: the whole list is read, once
    ],
)
async def test_photos_are_found_where_they_are_now(listed: Sequence[int], most: int) -> None:
    wanted = range(80, 100)
    listing: Any = Listing(listed)
    lookup = LinkLookup(listing, {f"photo-{number}" for number in wanted})
    for number in wanted:
        assert await lookup.find(planned(number)) == photo(number)
    assert listing.requests <= most


async def test_photos_that_are_gone_cost_one_walk_for_all() -> None:
    listing: Any = Listing(range(50))
    lookup = LinkLookup(listing, {f"photo-{number}" for number in range(60, 90)})
    assert [await lookup.find(planned(number)) for number in range(60, 90)] == [None] * 30
    assert listing.requests <= 1 + 3 + 5
