from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import Event, NinePic, NotFoundError
from ninepic_async.sync._handover import Stream
from ninepic_async.sync._loop_thread import LoopThread

from .reluctant import ReluctantServer

WITHIN_S = 10.0


@pytest.fixture
def stuck(reluctant: ReluctantServer) -> Iterator[NinePic]:
    """A client that gets the first page of a list and no other."""
    with NinePic("key", 1, base_url=reluctant.base_url) as client:
        yield client


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def crossings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list of the hand-overs between the threads, as they happen."""
    seen: list[str] = []

    def watch(owner: type, method: str) -> None:
        act = getattr(owner, method)

        def watched(*args: Any) -> Any:
            seen.append(method)
            return act(*args)

        monkeypatch.setattr(owner, method, watched)

    watch(LoopThread, "make")
    watch(Stream, "take")
    return seen


def test_a_walk_crosses_threads_once_a_page(event: Event, crossings: list[str]) -> None:
    assert len(list(event.photos(page_size=100))) == 1000
    assert crossings == ["make"] + 10 * ["take"] + ["take"]  # the last one finds the end


def test_collecting_crosses_threads_once(event: Event, crossings: list[str]) -> None:
    assert len(event.photos(page_size=100).collect()) == 1000
    assert crossings == ["make"]


def test_pages_are_fetched_while_the_caller_works(event: Event, sandbox: Sandbox) -> None:
    photos = iter(event.photos(page_size=100))
    next(photos)
    deadline = time.monotonic() + 5
    while sum(bool(request.page) for request in sandbox.requests) < 4 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert sorted(request.page for request in sandbox.requests if request.page) == [1, 2, 3, 4]


def test_a_list_can_be_iterated_twice_at_the_same_time(event: Event) -> None:
    photos = event.photos(page_size=50)
    once = list(photos)
    assert list(zip(photos, photos, strict=True)) == [(photo, photo) for photo in once]


def leave_a_for_loop(client: NinePic) -> None:
    for _ in client.event(2).photos():
        break


def leave_the_pages(client: NinePic) -> None:
    for _ in client.event(2).photos().pages():
        break


def close_an_iterator(client: NinePic) -> None:
    photos = iter(client.event(2).photos())
    next(photos)
    photos.close()
    assert next(photos, None) is None


def fail_within_a_loop(client: NinePic) -> None:
    with suppress(ZeroDivisionError):
        for _ in client.event(2).photos():
            raise ZeroDivisionError


def stop_at_a_limit(client: NinePic) -> None:
    assert len(client.event(2).photos().collect(limit=1)) == 1


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "leave", [leave_a_for_loop, leave_the_pages, close_an_iterator, fail_within_a_loop, stop_at_a_limit]
)
def test_leaving_early_frees_the_connections_at_once(
    leave: Callable[[NinePic], None], stuck: NinePic, reluctant: ReluctantServer
) -> None:
    leave(stuck)
    left_at = len(reluctant.asked)
    assert reluctant.hung_up_within(WITHIN_S)
    assert stuck.event(2).ping().status == "ok"
    assert len(reluctant.asked) <= left_at + 4  # requests already on their way, and the ping


@pytest.mark.usefixtures("no_collector")
def test_leaving_the_updates_of_a_job_ends_the_polling(stuck: NinePic, reluctant: ReluctantServer) -> None:
    for status in stuck.event(2).clip_job("r").updates(timeout=30):
        assert status.status == "processing"
        break
    assert reluctant.hung_up_within(WITHIN_S)
    assert len(reluctant.asked) == 1


def test_an_iterator_in_a_cycle_can_be_collected_in_the_loops_thread(
    stuck: NinePic, reluctant: ReluctantServer
) -> None:
    async def collect() -> int:
        return gc.collect()

    cycle: list[object] = [iter(stuck.event(2).photos())]
    cycle.append(cycle)
    take_one_of = cycle[0]
    assert isinstance(take_one_of, Iterator)
    next(take_one_of)
    reluctant.wait_until_asked("page=2")
    del cycle, take_one_of
    stuck._portal.call(collect)
    assert reluctant.hung_up_within(WITHIN_S)


def test_an_iterator_that_was_not_started_sends_nothing(event: Event, sandbox: Sandbox) -> None:
    iter(event.photos())
    iter(event.photos().pages()).close()
    event.clip_job("r").updates()
    assert not sandbox.requests


def test_an_error_ends_the_iteration(event: Event) -> None:
    photos = iter(event.face_results("3f2d3c1e-0000-4000-8000-000000000000"))
    with pytest.raises(NotFoundError):
        next(photos)
    assert next(photos, None) is None
