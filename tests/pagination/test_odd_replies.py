"""Servers that count in odd ways, or whose pages do not fit together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninepic_async import DecodeError, ImageItem
from ninepic_async._contract.messages import Reply, Request
from ninepic_async._contract.signed_links import unsigned
from ninepic_async.pagination import Pager
from tests.canned import Rig, images, ok, pagination, rig

TOTAL = 25


def ids(photos: list[ImageItem]) -> list[int]:
    return [int(photo.image_id.removeprefix("photo-")) for photo in photos]


def number_of(request: Request) -> int:
    return int(request.query["page"])


def page(number: int, size: int = 10, photos: int = TOTAL, **changes: Any) -> Reply:
    """Cut a page from a list; `...` as a change leaves the key out of the pagination."""
    found = {**pagination(photos, number, size), **changes}
    sent = {key: value for key, value in found.items() if value is not Ellipsis}
    return ok(images(range(photos)[(number - 1) * size : number * size], sent))


async def collected(answer: Callable[[Request], Reply]) -> tuple[list[int], Rig]:
    answers = rig(answer)
    return ids(await answers.event.photos(page_size=10).collect()), answers


async def until_error(pager: Pager[ImageItem]) -> tuple[list[int], DecodeError]:
    got: list[ImageItem] = []
    with pytest.raises(DecodeError) as caught:  # noqa: PT012 (what came before the error counts)
        async for photo in pager:
            got.append(photo)  # noqa: PERF401
    return ids(got), caught.value


KEYS = ("total", "currentPage", "totalPages", "hasNextPage", "hasPreviousPage", "page_size")


@settings(max_examples=80, deadline=None)
@given(st.sets(st.sampled_from(KEYS)), st.sampled_from([None, ...]), st.integers(0, 35))
async def test_any_keys_of_the_pagination_may_be_missing_or_null(
    keys: set[str], value: object, photos: int
) -> None:
    changes: Any = dict.fromkeys(keys, value)
    got, answers = await collected(lambda request: page(number_of(request), photos=photos, **changes))
    assert got == list(range(photos))
    assert len(answers.requests) <= photos // 10 + 2


@pytest.mark.parametrize(
    "wrong",
    [
        *({"total": total, "totalPages": ...} for total in (1, 7, 19)),
        *({"total": total, "totalPages": 1} for total in (None, ..., 0, -1, 7)),
    ],
    ids=str,
)
@pytest.mark.parametrize("missing", [None, ...])
async def test_counts_that_contradict_the_pages_do_not_end_a_list(
    wrong: dict[str, Any], missing: object
) -> None:
    got, answers = await collected(lambda request: page(number_of(request), hasNextPage=missing, **wrong))
    assert got == list(range(TOTAL))
    assert len(answers.requests) <= 12


@pytest.mark.parametrize("wrong", [None, 0, -1, ...])
@pytest.mark.parametrize("on_first", [True, False])
async def test_a_total_that_is_given_once_or_never_loses_nothing(wrong: object, on_first: bool) -> None:
    def answer(request: Request) -> Reply:
        number = number_of(request)
        return page(number) if on_first and number == 1 else page(number, total=wrong)

    assert (await collected(answer))[0] == list(range(TOTAL))


@pytest.mark.parametrize("totals", [(25, 24), (26, 25, 24), (100, 25), (25, 3), (25, 25, 0, 25)], ids=str)
async def test_totals_that_jitter_lose_nothing(totals: tuple[int, ...]) -> None:
    turns = itertools.cycle(totals)
    got, answers = await collected(lambda request: page(number_of(request), total=next(turns)))
    assert got == list(range(TOTAL))
    assert len(answers.requests) < 120


@pytest.mark.parametrize("sizes", [(10, 4), (4, 10), (3, 7, 5), (10, 1, 10), (1, 20)], ids=str)
async def test_a_page_size_that_changes_under_way_loses_nothing(sizes: tuple[int, ...]) -> None:
    turn = iter([*sizes[:-1], *[sizes[-1]] * 200])
    got, _ = await collected(lambda request: page(number_of(request), size=next(turn)))
    assert sorted(got) == list(range(TOTAL))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), max_size=6), st.integers(1, 12), st.integers(0, 40))
async def test_page_sizes_in_any_order_lose_nothing(sizes: list[int], last: int, photos: int) -> None:
    left = list(sizes)
    got, _ = await collected(
        lambda request: page(number_of(request), size=left.pop() if left else last, photos=photos)
    )
    assert sorted(got) == list(range(photos))


@pytest.mark.parametrize("hole", [1, 2, 3])
async def test_an_empty_page_in_the_middle_costs_its_own_photos_only_and_ends_in_an_error(hole: int) -> None:
    def answer(request: Request) -> Reply:
        number = number_of(request)
        return ok(images([], pagination(40, number, 10))) if number == hole else page(number, photos=40)

    got, error = await until_error(rig(answer).event.photos(page_size=10))
    assert got == [photo for photo in range(40) if photo // 10 != hole - 1]
    assert "expected 40 as before, but only 30 items were sent" in str(error)


async def test_an_empty_page_in_the_middle_of_a_whole_list_is_no_error() -> None:
    def answer(request: Request) -> Reply:
        number = number_of(request)
        place = {1: 1, 2: None, 3: 2, 4: 3}[number]
        found = range(TOTAL)[(place - 1) * 10 : place * 10] if place else []
        return ok(images(found, pagination(TOTAL, number, 10, more=number < 4)))

    assert (await collected(answer))[0] == list(range(TOTAL))


@pytest.mark.parametrize("repeated", [2, 3])
async def test_a_page_sent_twice_in_the_middle_is_an_error_after_all_the_others(repeated: int) -> None:
    def answer(request: Request) -> Reply:
        number = number_of(request)
        held = repeated - 1 if number == repeated else number
        return ok(images(range(40)[(held - 1) * 10 : held * 10], pagination(40, number, 10)))

    got, error = await until_error(rig(answer).event.photos(page_size=10))
    assert got == [photo for photo in range(40) if photo // 10 != repeated - 1]
    assert "only 30 items were sent" in str(error)


async def test_a_null_list_that_should_have_photos_is_no_silent_loss() -> None:
    got, error = await until_error(
        rig(lambda _: ok({"images": None, "pagination": pagination(5)})).event.photos()
    )
    assert (got, "expected 5 as before, but only 0 items were sent" in str(error)) == ([], True)


async def test_the_same_photo_on_two_pages_of_a_list_that_counts_it_twice_is_no_error() -> None:
    pages: Mapping[int, list[int]] = {1: [0, 1, 2], 2: [2, 3, 4]}
    got, _ = await collected(
        lambda request: ok(images(pages[number_of(request)], pagination(6, number_of(request), 3)))
    )
    assert got == [0, 1, 2, 3, 4]


def links(urls: list[str], names: list[str]) -> Reply:
    signed = [{"url": url, "filename": name} for url, name in zip(urls, names, strict=True)]
    return ok({"presigned_urls": signed, "pagination": pagination(len(urls), size=60)})


async def test_links_that_differ_in_their_query_only_are_all_given() -> None:
    urls = [f"https://files.example/get?id={number}&sig=a{number}" for number in range(7)]
    given = await rig([links(urls, ["photo.jpg"] * 7)]).event.originals(bib="7").collect()
    assert [link.url for link in given] == urls


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h/a.jpg?sig=1&se=2", "https://h/a.jpg?sig=2&se=3", True),
        ("https://h/a.jpg?X-Amz-Signature=1&X-Amz-Date=2", "https://h/a.jpg?x-amz-signature=3", True),
        ("https://h/a.jpg?Expires=1&Key-Pair-Id=k&Signature=s", "https://h/a.jpg", True),
        ("https://h/get?id=1&token=x", "https://h/get?id=1&token=y", True),
        ("https://h/get?id=1&token=x", "https://h/get?id=2&token=x", False),
        ("https://h/get?key=a.jpg", "https://h/get?key=b.jpg", False),
        ("https://h/a.jpg", "https://h/b.jpg", False),
    ],
)
def test_a_signature_is_told_from_what_names_the_object(one: str, other: str, same: bool) -> None:
    assert (unsigned(one) == unsigned(other)) is same
