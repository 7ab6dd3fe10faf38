"""Servers that never come to an end, or leave pages out: an error, and not for ever."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from attrs import evolve

from ninepic_async import (
    DecodeError,
    ImageItem,
)
from ninepic_async._contract.messages import Reply, Request
from tests.canned import gallery, images, ok, pagination, rig
from tests.pagination.support import AHEAD_AT_MOST, ids, no_page, page_number


async def endless(answer: Callable[[Request], Reply], most: int) -> None:
    answers = rig(answer)
    with pytest.raises(DecodeError, match="hasNextPage") as caught:
        await answers.event.photos(page_size=2).collect()
    assert caught.value.endpoint == "photos"
    assert len(answers.requests) <= most


async def test_a_page_repeated_in_place_of_the_last_one_is_an_error() -> None:
    def answer(request: Request) -> Reply:
        held = min(page_number(request), 2)
        return ok(images(range(held * 10 - 10, held * 10), pagination(30, page_number(request), 10)))

    with pytest.raises(DecodeError, match="currentPage"):
        await rig(answer).event.photos(page_size=10).collect()


async def test_a_page_repeated_for_ever_is_an_error() -> None:
    await endless(lambda _: ok(images([1, 2], pagination(4, 1, 2, more=True))), 2 + AHEAD_AT_MOST)


@pytest.mark.parametrize("total", [0, 4, 1000])
async def test_empty_pages_for_ever_are_an_error(total: int) -> None:
    await endless(lambda request: ok(images([], pagination(total, 1, 2, more=True))), 30)


async def test_fresh_ids_for_ever_are_an_error() -> None:
    def answer(request: Request) -> Reply:
        page = page_number(request)
        return ok(images([2 * page, 2 * page + 1], pagination(10, page, 2, more=True)))

    await endless(answer, 200)


def growing(by: int, *, fresh: bool) -> Callable[[Request], Reply]:
    """Make a server whose total goes on growing, while what it has is always the same, or always new."""
    asked = itertools.count()

    def answer(request: Request) -> Reply:
        number = next(asked)
        total = pagination(10 + by * number, page_number(request), 2, more=True)
        return ok(images([2 * number, 2 * number + 1] if fresh else [0, 1], total))

    return answer


@pytest.mark.parametrize(("by", "most"), [(2, 120), (1, 120), (10**6, 120)])
async def test_a_page_repeated_under_totals_that_grow_is_an_error(by: int, most: int) -> None:
    await endless(growing(by, fresh=False), most)


async def test_an_end_that_never_gets_nearer_is_an_error() -> None:
    await endless(growing(2, fresh=True), 1100)


async def test_a_page_size_of_zero_does_not_hang_or_crash() -> None:
    zero = {**pagination(9, 1, 1), "page_size": 0, "hasNextPage": True}
    await endless(lambda _: ok({"images": [], "pagination": zero}), 30)


@pytest.mark.parametrize("total", [2, 3])
async def test_a_last_page_that_is_never_there_is_an_end_or_an_error(total: int) -> None:
    first = ok(images([1, 2], pagination(total, 1, 2, more=True)))
    answers = rig(lambda request: first if page_number(request) == 1 else ok(no_page()))
    found: list[ImageItem] = []
    with nullcontext() if total == 2 else pytest.raises(DecodeError, match="3 as before, but only 2 items"):
        async for page in answers.event.photos(page_size=2).pages():
            found += page.items
    assert ids(found) == [1, 2]
    assert len(answers.requests) == 4


async def test_a_page_left_out_is_an_error() -> None:
    def answer(request: Request) -> Reply:
        page = page_number(request)
        return gallery(6, evolve(request, query={**request.query, "page": "3"}) if page == 2 else request)

    with pytest.raises(DecodeError, match=r"currentPage expected 2, received number 3"):
        await rig(answer).event.photos(page_size=2).collect()
