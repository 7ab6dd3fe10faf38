from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import logging
import pickle
import sys
import threading
import uuid
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor

import anyio
import pytest

from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import APIConnectionError, ConfigError, Event, NinePic
from ninepic_async.sync._handover import Call, receive
from ninepic_async.sync._loop_thread import LoopThread

from .reluctant import ReluctantServer

WITHIN_S = 10.0
asked_by = contextvars.ContextVar("asked_by", default="nobody")


def test_many_threads_share_one_client_and_get_their_own_replies(event: Event, sandbox: Sandbox) -> None:
    bibs = [bib for bib in sandbox.bibs if bib.isdigit()][:40]
    expected = {bib: {photo.image_id for photo in event.bib_search(bib)} for bib in bibs}

    def search(bib: str) -> tuple[str, set[str]]:
        return bib, {photo.image_id for photo in event.bib_search(bib, page_size=1)}

    with ThreadPoolExecutor(16) as pool:
        for bib, found in pool.map(search, bibs * 3):
            assert found == expected[bib]


def test_threads_that_begin_together_start_one_loop(sandbox: Sandbox) -> None:
    together = threading.Barrier(8)
    with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:

        def ping(_: int) -> str:
            together.wait()
            return client.event(sandbox.event_id).ping().status

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ping, range(8))) == {"ok"}
        assert [thread.name for thread in threading.enumerate()].count("ninepic-sync") == 1
    assert "ninepic-sync" not in [thread.name for thread in threading.enumerate()]


async def test_it_works_inside_a_running_loop(event: Event) -> None:
    assert event.ping().status == "ok"
    assert len(list(event.photos())) == 1000
    await asyncio.sleep(0)


def test_a_call_from_the_clients_own_thread_is_refused_at_once(client: NinePic, event: Event) -> None:
    async def blocking_call_in_the_loop() -> None:
        event.ping()

    async def blocking_close_in_the_loop() -> None:
        client.close()

    event.ping()
    for coroutine in (blocking_call_in_the_loop, blocking_close_in_the_loop):
        with pytest.raises(ConfigError, match="own event loop thread"):
            client._portal.call(coroutine)
    assert event.ping().status == "ok"


def test_log_records_have_the_callers_context(
    event: Event, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    seen: set[str] = set()

    def note(record: logging.LogRecord) -> bool:
        seen.add(asked_by.get())
        return True

    caplog.set_level(logging.DEBUG, "ninepic_async")
    logger = logging.getLogger("ninepic_async")
    logger.addFilter(note)
    try:
        for name, act in (("a call", event.ping), ("a walk", lambda: list(event.photos(page_size=500)))):
            token = asked_by.set(name)
            act()
            asked_by.reset(token)
            assert seen == {name}
            seen.clear()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: (asked_by.set("a thread"), event.ping())).result()
        assert seen == {"a thread"}
    finally:
        logger.removeFilter(note)


def test_closing_ends_the_calls_that_are_under_way(reluctant: ReluctantServer) -> None:
    client = NinePic("key", 1, base_url=reluctant.base_url)
    with ThreadPoolExecutor(2) as pool:
        calls: list[Future[object]] = [
            pool.submit(client.event(2).details),
            pool.submit(lambda: list(client.event(2).photos())),
        ]
        reluctant.wait_until_asked("/details")
        reluctant.wait_until_asked("page=2")
        client.close()
        assert client._portal._thread is not None
        assert client._portal._thread.has_ended, "closing gave up waiting"
        for call in calls:
            with pytest.raises((APIConnectionError, ConfigError), match="closed"):
                call.result(timeout=5)
    assert reluctant.hung_up_within(WITHIN_S)


@pytest.mark.parametrize("search", ["face_search", "start_clips", "clips"])
def test_closing_during_an_upload_keeps_the_request_id(search: str, reluctant: ReluctantServer) -> None:
    client = NinePic("key", 1, base_url=reluctant.base_url)
    upload = getattr(client.event(2), search)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(upload, selfie=b"\xff\xd8\xff a selfie")
        reluctant.wait_until_asked("POST ")
        client.close()
        with pytest.raises(APIConnectionError, match="closed") as caught:
            call.result(timeout=WITHIN_S)
    assert uuid.UUID(caught.value.request_id).version == 4
    assert caught.value.attempts == 1


def test_closing_during_an_iteration_logs_no_error(
    reluctant: ReluctantServer, caplog: pytest.LogCaptureFixture
) -> None:
    with NinePic("key", 1, base_url=reluctant.base_url) as client:
        photos = iter(client.event(2).photos())
        next(photos)
        reluctant.wait_until_asked("page=2")
    assert reluctant.hung_up_within(WITHIN_S)
    with pytest.raises(APIConnectionError, match="closed"):
        next(photos)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_closing_lets_a_call_end_its_own_tasks(client: NinePic) -> None:
    async def nothing_to_do() -> None: ...

    async def begin_a_task_as_the_end_comes() -> None:
        loop, thread = asyncio.get_running_loop(), client._portal._thread
        assert thread is not None
        async with anyio.create_task_group() as tasks:
            loop.call_soon(lambda: loop.call_soon(lambda: tasks.start_soon(nothing_to_do)))
            thread.stop()
            await asyncio.sleep(60)

    with pytest.raises(APIConnectionError):
        client._portal.call(begin_a_task_as_the_end_comes)
    gc.collect()


def test_each_call_ends_when_the_client_is_closed_at_the_same_time() -> None:
    outcomes = []

    def ping(client: NinePic) -> None:
        try:
            client.event(2).ping()
        except (ConfigError, APIConnectionError) as error:
            outcomes.append(str(error))

    for _ in range(30):
        client = NinePic("key", 1, base_url="http://127.0.0.1:9", timeout=30)
        threads = [threading.Thread(target=ping, args=(client,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        client.close()
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()
    assert len(outcomes) == 120


def test_the_thread_ends_with_the_last_reference_to_the_client(sandbox: Sandbox) -> None:
    event = NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url).event(sandbox.event_id)
    assert event.ping().status == "ok"  # the handle keeps the client's loop
    thread = next(thread for thread in threading.enumerate() if thread.name == "ninepic-sync")
    del event
    thread.join(5)
    assert not thread.is_alive()


def test_a_thread_that_cannot_start_is_a_typed_error(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_files_left() -> asyncio.AbstractEventLoop:
        raise OSError(24, "Too many open files")

    with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "new_event_loop", no_files_left)
            patched.setattr(asyncio.events, "new_event_loop", no_files_left)
            with pytest.raises(ConfigError, match="Too many open files"):
                client.event(sandbox.event_id).ping()
        assert client.event(sandbox.event_id).ping().status == "ok"


async def nothing() -> None: ...


@pytest.mark.parametrize("moment", ["before it starts", "as it starts"])
async def test_a_call_that_is_cancelled_leaves_no_task(moment: str) -> None:
    thread, began = LoopThread(nothing), False
    thread._loop = asyncio.get_running_loop()

    async def wait_for_good() -> None:
        nonlocal began
        began = True
        call.cancel(thread)
        await asyncio.sleep(60)

    call = Call(wait_for_good)
    if moment == "before it starts":
        call.cancel(thread)
    with anyio.fail_after(5):
        await call.run()
    assert began == (moment == "as it starts")
    with pytest.raises(APIConnectionError):
        call.messages.get_nowait().get()


@pytest.mark.parametrize(
    ("error", "expected"),
    [(RuntimeError("can't start new thread"), ConfigError), (KeyboardInterrupt(), None)],
)
def test_a_thread_that_is_refused_or_interrupted_as_it_starts_leaves_the_client_usable(
    error: BaseException, expected: type[Exception] | None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        if expected is None:
            start(thread)
        raise error

    before = threading.active_count()
    with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", fail)
            with pytest.raises(expected or KeyboardInterrupt):
                client.event(sandbox.event_id).ping()
        assert client.event(sandbox.event_id).ping().status == "ok"
    for thread in threading.enumerate():
        if thread.name == "ninepic-sync":
            thread.join(5)
    assert threading.active_count() == before


async def test_a_second_loop_in_one_thread_is_a_typed_error() -> None:
    thread = LoopThread(nothing)
    thread.run()  # here, as with gevent: a loop runs in this thread already
    with pytest.raises(ConfigError, match=r"gevent.*share one NinePic"):
        receive(thread._started_message, thread).get()


@pytest.mark.parametrize("is_used", [False, True], ids=["new", "used"])
@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_can_not_be_pickled_or_copied(
    act: Callable[[object], object], is_used: bool, client: NinePic, event: Event
) -> None:
    if is_used:
        event.ping()
    with pytest.raises(ConfigError, match="NinePic"):
        act(client)
    for what_uses_it in (event, event.photos(), event.clip_job("r"), client.with_options(timeout=1)):
        if act is not copy.copy:
            with pytest.raises(ConfigError, match="NinePic"):
                act(what_uses_it)
    assert event.ping().status == "ok"


class Subclass(NinePic):
    colour = "none"


def test_with_options_keeps_the_attributes_of_a_subclass(sandbox: Sandbox) -> None:
    with Subclass(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
        client.colour = "red"
        view = client.with_options(timeout=5)
        assert (type(view), view.colour) == (Subclass, "red")
        assert view.event(sandbox.event_id).ping().status == "ok"
        view.close()
        assert client.event(sandbox.event_id).ping().status == "ok"


def leave(client: NinePic) -> None:
    async def exit_the_loop() -> None:
        raise SystemExit

    client._portal.call(exit_the_loop)


def leave_while_walking(client: NinePic) -> None:
    async def exit_the_loop() -> AsyncGenerator[int, None]:
        yield 1
        asyncio.get_running_loop().call_soon(sys.exit)
        await asyncio.sleep(60)

    list(client._portal.iterate(exit_the_loop()))


@pytest.mark.parametrize("act", [leave, leave_while_walking])
def test_no_call_waits_for_a_loop_that_has_ended(act: Callable[[NinePic], None]) -> None:
    client = NinePic("key", 1, base_url="http://127.0.0.1:9")
    with pytest.raises((SystemExit, APIConnectionError)):
        act(client)
    assert client._portal._thread is not None
    client._portal._thread.join(5)
    with pytest.raises(ConfigError, match="make a new NinePic"):
        client.event(2).ping()
    client.close()
