"""Lists that change while they are read: nothing is lost, nothing given twice."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ninepic_async._contract.messages import Reply, Request
from ninepic_async._core.page_walk import PageWalk
from tests.canned import gallery, images, ok, pagination, rig
from tests.pagination.support import cut, ids, no_page, page_number


class Gallery:
    """A list that changes, by so many photos at random places, each time a page was cut from it."""

    def __init__(self, size: int, changes: list[int], place: Callable[[int, int], int]) -> None:
        self.photos = list(range(size))
        self.stayed = set(self.photos)
        self.changes = changes
        self.place = place
        self.named = size

    def change(self) -> None:
        by = self.changes.pop(0) if self.changes else 0
        for _ in range(by):
            self.photos.insert(self.place(0, len(self.photos)), self.named)
            self.named += 1
        for _ in range(min(-by, len(self.photos))):
            self.stayed.discard(self.photos.pop(self.place(0, len(self.photos) - 1)))

    def check(self, got: list[int]) -> None:
        assert len(got) == len(set(got)), "yielded twice"
        assert self.stayed <= set(got), "lost"


def draw_place(data: st.DataObject) -> Callable[[int, int], int]:
    return lambda low, high: data.draw(st.integers(low, high))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(0, 40), st.integers(1, 9), st.lists(st.integers(-6, 6), max_size=12))
def test_a_walk_loses_and_repeats_nothing_and_ends(
    data: st.DataObject, total: int, size: int, changes: list[int]
) -> None:
    gallery = Gallery(total, changes, draw_place(data))
    walk: PageWalk[int] = PageWalk("photos", lambda item: item)
    got: list[int] = []
    number = 1
    for _ in range(400):
        fresh, following = walk.take(number, cut(gallery.photos, number, size))
        got += fresh.items
        if following is None:
            break
        number = following
        gallery.change()
    else:
        pytest.fail("it never ends")
    gallery.check(got)


@settings(max_examples=160, deadline=None)
@given(
    st.data(),
    st.integers(0, 60),
    st.integers(1, 7),
    st.lists(st.integers(0, 15), max_size=15),
    st.sampled_from([1, -1]),
    st.lists(st.integers(0, 5), max_size=30),
    st.booleans(),
)
async def test_fetching_ahead_loses_and_repeats_nothing_in_any_order_of_replies(
    data: st.DataObject,
    total: int,
    size: int,
    changes: list[int],
    sign: int,
    turns: list[int],
    zeroed: bool,
) -> None:
    live = Gallery(total, [sign * change for change in changes], draw_place(data))

    async def answer(request: Request) -> Reply:
        for _ in range(turns.pop() if turns else 0):
            await asyncio.sleep(0)
        number = page_number(request)
        found = cut(live.photos, number, size)
        live.change()
        result = ok(images(found.items, pagination(found.pagination.total, number, size)))
        if zeroed and not found.items:
            result = ok(no_page())
        for _ in range(turns.pop() if turns else 0):
            await asyncio.sleep(0)
        return result

    live.check(ids(await rig(answer).event.photos(page_size=size).collect()))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(1, 120), st.lists(st.integers(0, 6), max_size=20))
async def test_a_list_that_does_not_change_is_read_whole_and_in_order(
    total: int, size: int, turns: list[int]
) -> None:
    async def answer(request: Request) -> Reply:
        for _ in range(turns.pop() if turns else 0):
            await asyncio.sleep(0)
        return gallery(total, request)

    answers = rig(answer)
    pager = answers.event.photos(page_size=size)
    assert ids([photo async for photo in pager]) == list(range(total))
    asked = sorted(page_number(request) for request in answers.requests)
    assert asked == list(range(1, max(1, math.ceil(total / size)) + 1))
    assert ids(await pager.collect()) == list(range(total)), "a second time"


def shrinking_at_the_end() -> PageWalk[int]:
    walk: PageWalk[int] = PageWalk("photos", lambda item: item)
    walk.take(1, cut([1, 2, 3, 4, 5], 1, 2))
    walk.take(2, cut([1, 2, 3, 4, 5], 2, 2))
    return walk


def test_a_photo_that_slid_back_before_the_last_page_is_fetched() -> None:
    walk = shrinking_at_the_end()
    assert walk.take(3, cut([2, 3, 4, 5], 3, 2))[1] == 2
    fresh, following = walk.take(2, cut([2, 3, 4, 5], 2, 2))
    assert (fresh.items, following) == ((5,), None)


async def test_an_item_on_two_pages_is_given_once() -> None:
    answers = rig([ok(images([0, 1, 1], pagination(5, 1, 3))), ok(images([1, 2], pagination(5, 2, 3)))])
    pages = [ids(list(page.items)) async for page in answers.event.photos(page_size=3).pages()]
    assert pages == [[0, 1], [2]]


@pytest.mark.parametrize(("between", "is_recognized"), [(99, True), (101, False)])
def test_ten_thousand_items_are_remembered_and_no_more(between: int, is_recognized: bool) -> None:
    walk: PageWalk[int] = PageWalk("photos", lambda item: item)
    photos = list(range(20_000))
    walk.take(1, cut(photos, 1, 100))
    for number in range(2, between + 2):
        walk.take(number, cut(photos, number, 100))
    again = cut(photos, between + 2, 100)
    fresh, _ = walk.take(between + 2, evolve(again, items=(0, *again.items[1:])))
    assert (0 not in fresh.items) is is_recognized


async def test_a_photo_that_slid_back_is_found_though_the_last_page_is_gone() -> None:
    whole, shrunk = [1, 2, 3], [2, 3]
    pages = [
        ok(images(whole[:2], pagination(3, 1, 2, more=True))),
        ok(no_page()),
        *[ok(images(shrunk, pagination(2, 1, 2)))] * 2,
    ]
    answers = rig(pages)
    assert ids(await answers.event.photos(page_size=2).collect()) == whole


async def test_a_list_that_shrank_by_more_than_a_page_is_read_from_its_beginning() -> None:
    photos = list(range(20))

    def answer(request: Request) -> Reply:
        if page_number(request) == 4 and len(photos) == 20:
            del photos[1:16]
        found = cut(photos, page_number(request), 4)
        total = pagination(found.pagination.total, page_number(request), 4)
        return ok(images(found.items, total)) if found.items else ok(no_page())

    assert {*photos} - {*range(1, 16)} <= {*ids(await rig(answer).event.photos(page_size=4).collect())}
