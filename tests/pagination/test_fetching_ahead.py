"""Pages that are fetched ahead of the reader, and what becomes of them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from ninepic_async import (
    ImageItem,
    InternalServerError,
    RetryPolicy,
)
from ninepic_async._contract.messages import Reply, Request
from tests.canned import Rig, failed, gallery, ok, rig
from tests.pagination.support import AHEAD_AT_MOST, ids, page_number, slow_server

ONCE = RetryPolicy(attempts=1)


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
