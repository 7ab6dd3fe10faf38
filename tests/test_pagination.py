from __future__ import annotations

import asyncio
import copy
import gc
import itertools
import math
import pickle
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, nullcontext
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ninepic_async import (
    ConfigError,
    DecodeError,
    FaceSearch,
    ImageItem,
    InternalServerError,
    Page,
    PaginationInfo,
    RetryPolicy,
)
from ninepic_async._contract.messages import Reply, Request
from ninepic_async._core.page_walk import PageWalk
from tests.canned import Rig, failed, gallery, images, ok, pagination, rig

ONCE = RetryPolicy(attempts=1)
AHEAD_AT_MOST = 8
"""Pages under way at the same time, for anybody who reads on."""


def ids(photos: list[ImageItem]) -> list[int]:
    return [int(photo.image_id.removeprefix("photo-")) for photo in photos]


def page_number(request: Request) -> int:
    return int(request.query["page"])


def no_page() -> dict[str, Any]:
    """What some servers say beyond the end of a list, or always when there is nothing."""
    return images([], {**pagination(0, 1, 32), "currentPage": 0, "totalPages": 0})


def cut(photos: list[int], page: int, size: int) -> Page[int]:
    more = page * size < len(photos)
    return Page(
        items=photos[(page - 1) * size : page * size],
        pagination=PaginationInfo(
            total=len(photos),
            current_page=page,
            total_pages=math.ceil(len(photos) / size),
            has_next_page=more,
            has_previous_page=page > 1,
            page_size=size,
        ),
    )


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


async def endless(answer: Callable[[Request], Reply], most: int) -> None:
    answers = rig(answer)
    with pytest.raises(DecodeError, match="hasNextPage") as caught:
        await answers.event.photos(page_size=2).collect()
    assert caught.value.endpoint == "photos"
    assert len(answers.requests) <= most


async def test_an_error_of_the_walk_leads_back_to_its_search() -> None:
    answers = rig(lambda request: ok(images([], pagination(4, 1, 2, more=True))))
    with pytest.raises(DecodeError) as caught:
        await answers.event.face_results("r-1").collect()
    assert (caught.value.endpoint, caught.value.request_id) == ("face_results", "r-1")


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


async def slow_server(total: int = 10_000) -> Rig:
    async def answer(request: Request) -> Reply:
        for _ in range(3 if page_number(request) > 1 else 0):
            await asyncio.sleep(0)
        return gallery(total, request)

    return rig(answer)


async def test_leaving_early_leaves_no_request_and_no_task() -> None:
    answers = await slow_server()
    async for photo in answers.event.photos(page_size=10):
        if photo.image_id == "photo-25":
            break
    for _ in range(20):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert answers.transport.under_way == 0


def complaints_of(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Collect what the loop has to complain of."""
    complaints: list[str] = []
    loop.set_exception_handler(lambda _, context: complaints.append(f"{context['message']}: {context}"))
    return complaints


READERS: list[Callable[[Rig], AsyncGenerator[object, None]]] = [
    lambda answers: answers.event.photos(page_size=10).__aiter__(),
    lambda answers: answers.event.photos(page_size=10).pages(),
    lambda answers: answers.event.clip_job("r").updates(),
]


@pytest.mark.parametrize("read", READERS, ids=["items", "pages", "updates"])
def test_a_reader_that_outlives_its_loop_is_closed_silently(
    read: Callable[[Rig], AsyncGenerator[object, None]],
) -> None:
    kept = []

    async def leave_early() -> list[str]:
        complaints = complaints_of(asyncio.get_running_loop())
        kept.append(read(rig(lambda request: gallery(1000, request) if request.query else under_way())))
        await anext(kept[0])
        return complaints

    assert asyncio.run(leave_early()) == []


@pytest.mark.parametrize("read", READERS, ids=["items", "pages", "updates"])
async def test_a_reader_that_the_garbage_collector_finds_is_closed_silently(
    read: Callable[[Rig], AsyncGenerator[object, None]],
) -> None:
    complaints = complaints_of(asyncio.get_running_loop())
    cycle: list[Any] = [read(rig(lambda request: gallery(1000, request) if request.query else under_way()))]
    cycle.append(cycle)
    await anext(cycle[0])
    del cycle
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)
    assert complaints == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


def under_way() -> Reply:
    return ok({"request_id": "r", "status": "processing"})


async def test_cancelling_the_reader_cancels_what_is_fetched_ahead() -> None:
    async def answer(request: Request) -> Reply:
        if page_number(request) > 1:
            await asyncio.Event().wait()
        return gallery(100, request)

    answers = rig(answer)
    reader = asyncio.create_task(answers.event.photos(page_size=10).collect())
    for _ in range(20):
        await asyncio.sleep(0)
    assert answers.transport.under_way > 1
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert answers.transport.under_way == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_slow_reader_bounds_what_is_fetched_ahead() -> None:
    answers = await slow_server()
    read = 0
    async with aclosing(answers.event.photos(page_size=10).pages()) as pages:
        async for _ in pages:
            read += 1
            for _ in range(60):
                await asyncio.sleep(0)
            assert len(answers.requests) <= read + AHEAD_AT_MOST
            if read == 30:
                break
    assert answers.transport.most_under_way > 1


async def test_pages_are_fetched_together() -> None:
    answers = await slow_server(1000)
    await answers.event.photos(page_size=10).collect()
    assert answers.transport.most_under_way == AHEAD_AT_MOST


async def test_the_first_pages_are_fetched_with_two_more() -> None:
    answers = await slow_server()
    async with aclosing(answers.event.photos(page_size=10).pages()) as pages:
        await anext(pages)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(answers.requests) == 1 + 3


@pytest.mark.parametrize(("megabytes", "together"), [(0, 8), (1, 8), (4, 3), (9, 1)])
async def test_large_replies_are_fetched_fewer_at_a_time(megabytes: int, together: int) -> None:
    padding = " " * (megabytes * 1024 * 1024)

    async def answer(request: Request) -> Reply:
        for _ in range(3):
            await asyncio.sleep(0)
        found = gallery(300, request)
        return Reply(200, found.headers, found.body[:-1] + padding.encode() + b"}")

    answers = rig(answer)
    assert len(await answers.event.photos(page_size=10).collect()) == 300
    assert answers.transport.most_under_way == together


async def test_a_failure_ahead_arrives_after_the_pages_before_it() -> None:
    async def answer(request: Request) -> Reply:
        if page_number(request) == 2:
            for _ in range(10):
                await asyncio.sleep(0)
        return failed(500) if page_number(request) in (3, 4) else gallery(100, request)

    got: list[ImageItem] = []
    with pytest.raises(InternalServerError):  # noqa: PT012 (what came before the error counts)
        async for photo in rig(answer, retry=ONCE).event.photos(page_size=10):
            got.append(photo)  # noqa: PERF401
    assert ids(got) == list(range(20))


@pytest.mark.parametrize(("limit", "pages"), [(0, 0), (1, 1), (10, 1), (11, 2), (20, 2), (25, 3), (45, 5)])
async def test_collect_fetches_no_more_than_its_limit_needs(limit: int, pages: int) -> None:
    answers = await slow_server(1000)
    assert ids(await answers.event.photos(page_size=10).collect(limit)) == list(range(limit))
    for _ in range(10):
        await asyncio.sleep(0)
    assert sorted(page_number(request) for request in answers.requests) == list(range(1, pages + 1))


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


async def test_a_photo_that_slid_back_is_found_though_the_last_page_is_gone() -> None:
    whole, shrunk = [1, 2, 3], [2, 3]
    pages = [
        ok(images(whole[:2], pagination(3, 1, 2, more=True))),
        ok(no_page()),
        *[ok(images(shrunk, pagination(2, 1, 2)))] * 2,
    ]
    answers = rig(pages)
    assert ids(await answers.event.photos(page_size=2).collect()) == whole


@pytest.mark.parametrize("total", [2, 3])
async def test_a_last_page_that_is_never_there_is_an_end_or_an_error(total: int) -> None:
    first = ok(images([1, 2], pagination(total, 1, 2, more=True)))
    answers = rig(lambda request: first if page_number(request) == 1 else ok(no_page()))
    found: list[ImageItem] = []
    with nullcontext() if total == 2 else pytest.raises(DecodeError, match="3 as before, for 2 were sent"):
        async for page in answers.event.photos(page_size=2).pages():
            found += page.items
    assert ids(found) == [1, 2]
    assert len(answers.requests) == 4


async def test_a_list_that_shrank_by_more_than_a_page_is_read_from_its_beginning() -> None:
    photos = list(range(20))

    def answer(request: Request) -> Reply:
        if page_number(request) == 4 and len(photos) == 20:
            del photos[1:16]
        found = cut(photos, page_number(request), 4)
        total = pagination(found.pagination.total, page_number(request), 4)
        return ok(images(found.items, total)) if found.items else ok(no_page())

    assert {*photos} - {*range(1, 16)} <= {*ids(await rig(answer).event.photos(page_size=4).collect())}


async def test_a_page_left_out_is_an_error() -> None:
    def answer(request: Request) -> Reply:
        page = page_number(request)
        return gallery(6, evolve(request, query={**request.query, "page": "3"}) if page == 2 else request)

    with pytest.raises(DecodeError, match=r"currentPage expected 2, received number 3"):
        await rig(answer).event.photos(page_size=2).collect()


async def test_a_plain_for_says_what_to_use_instead() -> None:
    reads: list[Any] = [rig([]).event.photos(), FaceSearch(request_id="r")]
    for read in reads:
        with pytest.raises(TypeError, match=r"`async for`.*ninepic_async.sync"):
            list(read)
