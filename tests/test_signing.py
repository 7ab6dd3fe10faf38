"""Links to originals by ids: lazily, 60 a request, and bad ids found by halving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest

from ninepic_async import FaceSearch, ImageItem, InvalidInputError
from ninepic_async._contract.messages import Reply, Request

from .canned import Rig, failed, ok, rig


def photo(image_id: str) -> ImageItem:
    return ImageItem(image_id=image_id, img_url="https://h/a.jpg", thumbnail_url="https://h/a.jpg")


def signed(request: Request, unknown: frozenset[str] = frozenset()) -> Reply:
    ids = request.json["identifier"] if request.json else []
    links = [{"url": f"https://h/{each}.jpg?sig", "filename": f"{each}.jpg"} for each in ids]
    pagination = {
        "total": len(ids),
        "currentPage": 1,
        "totalPages": 1,
        "page_size": 60,
        "hasNextPage": False,
        "hasPreviousPage": False,
    }
    wanted = [link for link in links if link["filename"][:-4] not in unknown]
    missing = [{"image_id": each, "error": "unknown", "path": None} for each in ids if each in unknown]
    return ok({"presigned_urls": wanted, "failed_urls": missing, "pagination": pagination})


def asked(answers: Rig) -> list[list[str]]:
    return [request.json["identifier"] for request in answers.requests if request.json]


async def test_ids_are_signed_sixty_a_request_and_each_once() -> None:
    answers = rig(signed)
    ids = [str(number) for number in range(150)]
    links = await answers.event.originals(image_ids=[*ids, *ids]).collect()
    assert [link.filename[:-4] for link in links] == ids
    assert [len(chunk) for chunk in asked(answers)] == [60, 60, 30]


async def test_twenty_thousand_ids_upload_less_than_a_megabyte() -> None:
    answers = rig(signed)
    ids = (f"a4402318-0cf4-4e1e-b8e8-{number:012}" for number in range(20_000))
    count = 0
    async for _ in answers.event.originals(image_ids=ids):
        count += 1
    assert count == 20_000
    assert sum(len(orjson.dumps(request.json)) for request in answers.requests) < 1_000_000


async def test_photos_are_taken_as_links_are_read() -> None:
    drawn = 0

    async def photos() -> AsyncIterator[ImageItem]:
        nonlocal drawn
        for number in range(1000):
            drawn += 1
            yield photo(str(number))

    answers = rig(signed)
    reading = aiter(answers.event.originals(photos=photos()))
    await anext(reading)
    assert drawn == 60
    assert len(answers.requests) == 1
    await reading.aclose()


async def test_photos_may_be_any_list_of_photos() -> None:
    answers = rig(signed)
    found = [photo("a"), photo("b")]
    for photos in (found, tuple(found), iter(found), FaceSearch(request_id="r", images=found)):
        links = await answers.event.originals(photos=photos).collect()
        assert [link.filename for link in links] == ["a.jpg", "b.jpg"]


async def test_a_generator_can_be_read_again_from_its_beginning() -> None:
    def ids() -> Iterator[str]:
        yield from map(str, range(100))

    async def photos() -> AsyncIterator[ImageItem]:
        for image_id in ids():
            yield photo(image_id)

    answers = rig(signed)
    for pager in (answers.event.originals(image_ids=ids()), answers.event.originals(photos=photos())):
        assert len((await pager.first_page()).items) == 60
        assert len(await pager.collect()) == 100
        assert len(await pager.collect(limit=70)) == 70
        assert [page.pagination.current_page async for page in pager.pages()] == [1, 2]


async def test_nothing_to_sign_sends_nothing() -> None:
    answers = rig(signed)
    assert await answers.event.originals(image_ids=iter([])).collect() == []
    assert (await answers.event.originals(photos=iter([])).first_page()).items == ()
    assert answers.requests == []


@pytest.mark.parametrize("wrong", [[photo("a"), "b"], iter([None]), iter([photo("")])])
async def test_what_is_no_photo_is_a_typed_error(wrong: list[ImageItem]) -> None:
    answers = rig(signed)
    with pytest.raises(InvalidInputError, match="photos"):
        await answers.event.originals(photos=wrong).collect()
    assert answers.requests == []


@pytest.mark.parametrize("place", [0, 1, 29, 30, 58, 59])
async def test_one_bad_id_among_sixty_costs_about_a_dozen_requests(place: int) -> None:
    def refuse(request: Request) -> Reply:
        return failed(400) if "bad" in (request.json or {})["identifier"] else signed(request)

    ids = [str(number) for number in range(60)]
    ids[place] = "bad"
    answers = rig(refuse)
    (page,) = [page async for page in answers.event.originals(image_ids=ids).pages()]
    assert [link.filename[:-4] for link in page.items] == [each for each in ids if each != "bad"]
    assert [item.image_id for item in page.failed] == ["bad"]
    assert len(answers.requests) <= 13


async def test_ids_that_are_all_refused_are_failed_rows() -> None:
    answers = rig(lambda _: failed(400))
    (page,) = [page async for page in answers.event.originals(image_ids=["a", "b", "c"]).pages()]
    assert page.items == ()
    assert [item.image_id for item in page.failed] == ["a", "b", "c"]


async def test_ids_that_the_service_does_not_know_are_failed_rows() -> None:
    answers = rig(lambda request: signed(request, frozenset({"b"})))
    (page,) = [page async for page in answers.event.originals(image_ids=["a", "b"]).pages()]
    assert [link.filename for link in page.items] == ["a.jpg"]
    assert [(item.image_id, item.error) for item in page.failed] == [("b", "unknown")]


async def test_page_size_is_the_number_of_ids_a_request() -> None:
    answers = rig(signed)
    await answers.event.originals(image_ids=list(map(str, range(25))), page_size=10).collect()
    assert [len(chunk) for chunk in asked(answers)] == [10, 10, 5]


async def test_leaving_early_closes_the_list_of_photos() -> None:
    answers = rig(signed)
    closed = asyncio.Event()

    class Photos:
        async def __aiter__(self) -> AsyncIterator[ImageItem]:
            try:
                for number in range(1000):
                    yield photo(str(number))
            finally:
                closed.set()

    assert len(await answers.event.originals(photos=Photos()).collect(limit=5)) == 5
    assert closed.is_set()


async def test_counting_sends_nothing() -> None:
    answers = rig(signed)
    assert await answers.event.originals(image_ids=["a", "b", "a"]).count() == 2
    pager = answers.event.originals(photos=(photo(str(number)) for number in range(100)))
    assert await pager.count() == 100
    assert answers.requests == []
    assert len(await pager.collect()) == 100
