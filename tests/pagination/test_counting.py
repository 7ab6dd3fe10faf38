"""How many items a list has, without fetching them."""

from __future__ import annotations

from typing import Any

import pytest

from ninepic_async import DecodeError, FaceSearch, ImageItem
from ninepic_async._contract.messages import Reply, Request
from tests.canned import gallery, images, ok, pagination, rig
from tests.test_signing import signed


async def test_a_list_is_counted_in_one_request_for_one_item() -> None:
    answers = rig(lambda request: gallery(250, request))
    assert await answers.event.photos(page_size=50).count() == 250
    assert [dict(request.query) for request in answers.requests] == [{"page": "1", "page_size": "1"}]


async def test_nothing_is_counted_as_none() -> None:
    assert await rig(lambda request: gallery(0, request)).event.bib_search("1").count() == 0


@pytest.mark.parametrize("total", [None, -1, 0])
async def test_a_count_that_the_service_does_not_give_is_an_error(total: Any) -> None:
    def answer(request: Request) -> Reply:
        return ok(images([1], {**pagination(250, 1, 1), "total": total}))

    with pytest.raises(DecodeError, match="count them while you iterate") as caught:
        await rig(answer).event.photos().count()
    assert caught.value.endpoint == "photos"


async def test_a_list_with_all_its_items_on_one_page_is_counted_without_a_total() -> None:
    answers = rig([ok(images([1], {**pagination(1, 1, 1), "total": None}))])
    assert await answers.event.photos().count() == 1


async def test_a_selfie_search_is_counted_without_a_request() -> None:
    photo = ImageItem(image_id="a", img_url="https://h/a.jpg", thumbnail_url="https://h/a.jpg")
    search = FaceSearch(request_id="r", images=[photo])
    assert await search.count() == search.total == 1


async def test_photos_to_sign_are_counted_without_a_request_and_then_signed() -> None:
    answers = rig(signed)
    links = answers.event.originals(image_ids=(str(number % 100) for number in range(200)))
    assert await links.count() == 100
    assert answers.requests == []
    assert len(await links.collect()) == 100
