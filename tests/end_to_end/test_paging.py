from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from ninepic_async import InternalServerError, NinePic, NinePicError
from ninepic_async.sandbox import Sandbox

from .clients import FOREVER, Traffic, alone, client_of, failure_of, others, sent

GALLERY = 1150


@pytest.fixture
async def sb() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=GALLERY) as running:
        yield running


def every_id(sb: Sandbox) -> list[str]:
    gallery = sb.event.gallery
    return [gallery.photo(place).image_id for place in range(gallery.total)]


async def test_a_page_size_that_the_server_clamps_loses_and_repeats_nothing(
    sb: Sandbox, client: NinePic
) -> None:
    photos = client.event(sb.event_id).photos(page_size=500)

    async with aclosing(photos.pages()) as pages:
        seen = [page async for page in pages]

    assert {record.query["page_size"] for record in sb.requests} == {"500"}
    assert {page.pagination.page_size for page in seen} == {100}
    assert [photo.image_id for page in seen for photo in page.items] == every_id(sb)
    assert len(sent(sb)) == 12


@pytest.mark.parametrize("page_size", [7, None])
async def test_the_walk_asks_for_each_page_once(page_size: int | None, sb: Sandbox, client: NinePic) -> None:
    found = await client.event(sb.event_id).photos(page_size=page_size).collect()

    assert [photo.image_id for photo in found] == every_id(sb)
    asked = [record.page for record in sb.requests]
    assert sorted(asked, key=lambda page: page or 0) == list(range(1, -(-GALLERY // (page_size or 100)) + 1))


async def test_ten_thousand_photos_come_complete_and_in_order() -> None:
    async with Sandbox(photos=10_000) as sb, client_of(sb) as client:
        found = [photo.image_id async for photo in client.event(sb.event_id).photos()]

        assert found == every_id(sb)
        assert len(sent(sb)) == 100


async def test_faults_on_the_way_change_nothing(sb: Sandbox, client: NinePic) -> None:
    sb.faults.add(page=3, status=503)
    sb.faults.add(page=4, times=2, reset=True)
    sb.faults.add(page=5, truncate_after=500)
    sb.faults.add(page=7, delay_s=0.05)
    sb.faults.add(page=9, status=429, body={"message": "Too Many Requests"})

    found = await client.event(sb.event_id).photos().collect()

    assert [photo.image_id for photo in found] == every_id(sb)
    assert sb.faults.unused == []


async def test_a_page_that_stays_away_is_an_error_after_the_pages_before_it(
    sb: Sandbox, client: NinePic
) -> None:
    sb.faults.add(page=4, times=FOREVER, status=503)
    found: list[str] = []

    async def walk() -> None:
        async for photo in client.event(sb.event_id).photos():
            found.append(photo.image_id)  # noqa: PERF401 (what came before the error counts)

    error = await failure_of(walk)

    assert isinstance(error, InternalServerError)
    assert found == every_id(sb)[:300]
    assert (error.endpoint, error.attempts) == ("photos", 3)
    assert others() == set()


@pytest.mark.parametrize("taken", [1, 101, 450])
async def test_an_early_break_leaves_no_task_and_no_request(taken: int, sb: Sandbox) -> None:
    traffic = Traffic()
    sb.faults.add(endpoint="photos", delay_s=0.02, times=None)  # so that some are under way
    async with traffic.session() as session:
        photos = client_of(sb, session=session).event(sb.event_id).photos()
        found = []
        async for photo in photos:
            found.append(photo.image_id)
            if len(found) == taken:
                break
        await alone()

        assert found == every_id(sb)[:taken]
        assert traffic.under_way == 0
        begun = traffic.begun
        assert begun <= taken // 100 + 1 + 8
        assert len(await photos.collect(limit=1)) == 1
        assert traffic.begun - begun <= 2


@pytest.mark.parametrize("limit", [1, 100, 250])
async def test_a_limit_leaves_no_task_and_no_request(limit: int, sb: Sandbox) -> None:
    traffic = Traffic()
    async with traffic.session() as session:
        found = await client_of(sb, session=session).event(sb.event_id).photos().collect(limit=limit)

        assert [photo.image_id for photo in found] == every_id(sb)[:limit]
        assert others() == set()
        assert traffic.under_way == 0


async def test_a_closed_walk_has_cancelled_its_requests_by_then(sb: Sandbox) -> None:
    traffic = Traffic()
    async with traffic.session() as session:
        pager = client_of(sb, session=session).event(sb.event_id).photos()
        async with aclosing(pager.pages()) as pages:
            await anext(pages)
            await anext(pages)

        assert others() == set()
        assert traffic.under_way == 0


async def test_an_exception_in_the_loop_leaves_nothing_behind(sb: Sandbox, client: NinePic) -> None:
    async def give_up_on_the_first() -> None:
        async for photo in client.event(sb.event_id).photos():
            raise LookupError(photo.image_id)

    with pytest.raises(LookupError) as caught:
        await give_up_on_the_first()

    assert not isinstance(caught.value, NinePicError)
    del caught
    await alone()
