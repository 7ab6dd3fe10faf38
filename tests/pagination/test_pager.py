"""What a Pager gives of a list that stays as it is."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from ninepic_async import (
    ConfigError,
    DecodeError,
    FaceSearch,
    ImageItem,
)
from ninepic_async._contract.messages import Reply, Request
from tests.canned import images, ok, pagination, rig
from tests.pagination.support import AHEAD_AT_MOST, ids, no_page, page_number, slow_server


async def test_an_error_of_the_walk_leads_back_to_its_search() -> None:
    answers = rig(lambda request: ok(images([], pagination(4, 1, 2, more=True))))
    with pytest.raises(DecodeError) as caught:
        await answers.event.face_results("r-1").collect()
    assert (caught.value.endpoint, caught.value.request_id) == ("face_results", "r-1")


async def test_zeroed_pagination_is_an_empty_list() -> None:
    answers = rig([ok(no_page())] * 2)
    assert await answers.event.photos().collect() == []
    assert [page.items async for page in answers.event.photos().pages()] == [()]


async def test_a_clamped_page_size_is_followed() -> None:
    def answer(request: Request) -> Reply:
        page = page_number(request)
        return ok(images(range(100)[(page - 1) * 32 : page * 32], pagination(100, page, 32)))

    assert ids(await rig(answer).event.photos(page_size=5000).collect()) == list(range(100))


@pytest.mark.parametrize("pages", [0, 1, 2, 1000])
async def test_total_pages_is_a_hint_only(pages: int) -> None:
    def answer(request: Request) -> Reply:
        page = page_number(request)
        return ok(images(range(10)[(page - 1) * 2 : page * 2], pagination(10, page, 2, pages=pages)))

    answers = rig(answer)
    assert ids(await answers.event.photos(page_size=2).collect()) == list(range(10))
    assert len(answers.requests) <= 5 + AHEAD_AT_MOST


async def test_a_limit_beyond_the_end_is_all_there_is() -> None:
    assert len(await (await slow_server(25)).event.photos(page_size=10).collect(1000)) == 25


async def test_first_page_is_one_request() -> None:
    answers = await slow_server()
    page = await answers.event.photos(page_size=10).first_page()
    assert (len(page.items), page.pagination.total, len(answers.requests)) == (10, 10_000, 1)


def links(page: int, signature: str, **more: Any) -> Reply:
    link = {"url": f"https://f.example/{page}.jpg?sig={signature}", "filename": f"{page}.jpg"}
    return ok({"presigned_urls": [link], "pagination": pagination(2, page, 1), **more})


async def test_originals_that_failed_are_on_their_page_and_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lost = {"image_id": "b", "error": "no", "path": None}
    answers = rig([links(1, "x"), links(2, "y", failed_urls=[lost])])
    pages = [page async for page in answers.event.originals(bib="7", page_size=1).pages()]
    assert [[item.image_id for item in page.failed] for page in pages] == [[], ["b"]]
    assert "1 originals" in caplog.text


async def test_a_link_signed_twice_is_the_same_original() -> None:
    same = ok(
        {
            "presigned_urls": [{"url": "https://f.example/1.jpg?sig=new", "filename": "1.jpg"}],
            "pagination": pagination(2, 2, 1),
        }
    )
    assert len(await rig([links(1, "old"), same]).event.originals(bib="7", page_size=1).collect()) == 1


async def test_a_face_search_made_by_hand_can_be_read() -> None:
    photos = [ImageItem(image_id=name, img_url="u", thumbnail_url="t") for name in "abc"]
    search = FaceSearch(request_id="r", images=photos)
    assert [photo async for photo in search] == photos
    assert await search.collect(2) == photos[:2]
    assert (search.total, (await search.first_page()).items) == (3, tuple(photos))
    assert [page.items async for page in search.pages()] == [tuple(photos)]
    assert await FaceSearch(request_id="r").collect() == []


async def test_a_face_search_pickles_with_its_first_page_and_says_how_to_read_the_rest() -> None:
    first = {"request_id": "r-1", "confidence_percentage": 80.5, **images([0, 1], pagination(3, size=2))}
    answers = rig([ok(first), *[ok(images([2], pagination(3, 2, 2)))] * 2])
    search = await answers.event.face_search(b"\xff\xd8\xffpixels")
    for copied in (copy.copy(search), copy.deepcopy(search)):
        assert ids(await copied.collect()) == [0, 1, 2]

    elsewhere = pickle.loads(pickle.dumps(search))

    assert elsewhere == search
    assert (elsewhere.total, ids(await elsewhere.collect(2))) == (3, [0, 1])
    with pytest.raises(ConfigError, match=r"event\.face_results\('r-1'\)"):
        await elsewhere.collect()


async def test_a_plain_for_says_what_to_use_instead() -> None:
    reads: list[Any] = [rig([]).event.photos(), FaceSearch(request_id="r")]
    for read in reads:
        with pytest.raises(TypeError, match=r"`async for`.*ninepic_async.sync"):
            list(read)
