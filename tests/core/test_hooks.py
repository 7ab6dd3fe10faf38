"""What hooks are told about calls, attempts, and their ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from ninepic_async import (
    APIConnectionError,
    APITimeoutError,
    AttemptEnded,
    CallEnded,
    CallStarted,
    ConfigError,
    DecodeError,
    FeatureDisabledError,
    InvalidInputError,
    NinePic,
    NotFoundError,
    RetryPolicy,
)
from ninepic_async._contract.endpoints import Ping
from ninepic_async._contract.messages import Reply, Request
from ninepic_async._core.hooks import CallReporter, Record
from ninepic_async.sync import NinePic as BlockingNinePic
from tests.canned import EVENT_ID, KEY, ORG_ID, details, images, pagination, reply, rig
from tests.raw_server import Serve, always, answer, server

IDS = "/api/v1/ext/{org_id}/event/{event_id}"
QUICK = RetryPolicy(attempts=3, initial_s=0.01)


def replies(*each: bytes) -> Serve:
    """Give these replies in turn, the last one for good."""

    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(each[min(number, len(each)) - 1])

    return serve


def json(data: Any, status: str = "200 OK") -> bytes:
    return answer(reply(data).body, status)


@pytest.fixture
def told() -> list[Record]:
    return []


def client(url: str, told: list[Record], **options: Any) -> NinePic:
    settings = {"retry": QUICK, "timeout": 5, "hooks": [told.append], **options}
    return NinePic(KEY, ORG_ID, base_url=url, **settings)


async def test_one_call(told: list[Record]) -> None:
    async with server(always(answer())) as (url, _), client(url, told) as api:
        await api.event(EVENT_ID).ping()
    started, attempt, ended = told
    assert isinstance(started, CallStarted)
    assert isinstance(attempt, AttemptEnded)
    assert isinstance(ended, CallEnded)
    assert started == CallStarted(started.call, "ping", "GET", f"{url}{IDS}/ping", EVENT_ID)
    assert attempt == AttemptEnded(started.call, "ping", 1, 200, attempt.seconds, None, None)
    assert ended == CallEnded(started.call, "ping", 1, 200, ended.seconds, None)
    assert 0 < attempt.seconds <= ended.seconds < 5


async def test_records_are_frozen(told: list[Record]) -> None:
    async with server(always(answer())) as (url, _), client(url, told) as api:
        await api.event(EVENT_ID).ping()
    for record in told:
        with pytest.raises(AttributeError):
            record.call = 7  # type: ignore[misc]


async def test_attempts_have_numbers_and_waits(told: list[Record]) -> None:
    busy = answer(b"", "503 Busy")
    async with server(replies(busy, busy, answer())) as (url, _), client(url, told) as api:
        await api.event(EVENT_ID).ping()
    attempts = [record for record in told if isinstance(record, AttemptEnded)]
    assert [(each.attempt, each.status) for each in attempts] == [(1, 503), (2, 503), (3, 200)]
    assert [each.wait is None for each in attempts] == [False, False, True]
    assert 0.005 <= (attempts[0].wait or 0) <= 0.01
    assert "503" in str(attempts[0].error)
    assert attempts[2].error is None
    ended = told[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.attempts, ended.status, ended.error) == (3, 200, None)
    assert len({record.call for record in told}) == 1


@pytest.mark.parametrize(
    ("serve", "error", "statuses"),
    [
        (always(answer(b"", "404 No")), NotFoundError, [404]),
        (always(answer(b"[]")), DecodeError, [200]),
        (always(b"garbage\r\n\r\n"), APIConnectionError, [None]),
        (always(b""), APITimeoutError, [None]),
    ],
    ids=["refused", "not decoded", "not HTTP", "no reply"],
)
async def test_the_end_of_a_call_has_the_error_that_is_raised(
    serve: Serve, error: type[Exception], statuses: list[int | None], told: list[Record]
) -> None:
    async with server(serve) as (url, _), client(url, told, timeout=0.3) as api:
        with pytest.raises(error) as caught:
            await api.event(EVENT_ID).ping()
    attempts = [record for record in told if isinstance(record, AttemptEnded)]
    assert [each.status for each in attempts] == statuses
    assert [each.wait for each in attempts] == [None]
    assert type(attempts[-1].error) is error
    ended = told[-1]
    assert isinstance(ended, CallEnded)
    assert type(ended.error) is error
    assert str(ended.error) == str(caught.value)
    assert ended.status == statuses[-1]


async def test_a_cancelled_call_ends_too(told: list[Record]) -> None:
    async with server(always(b"")) as (url, requests), client(url, told) as api:
        call = asyncio.create_task(api.event(EVENT_ID).ping())
        while not requests:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert [type(record) for record in told] == [CallStarted, AttemptEnded, CallEnded]
    ended = told[-1]
    assert isinstance(ended, CallEnded)
    assert isinstance(ended.error, asyncio.CancelledError)


async def test_a_call_that_never_left_has_no_attempt(told: list[Record]) -> None:
    async with server(always(b"")) as (url, _), client(url, told, max_concurrency=1, timeout=1) as api:
        hasty = api.with_options(timeout=0.2)
        calls = [each.event(EVENT_ID).ping() for each in (api, hasty)]
        await asyncio.gather(*calls, return_exceptions=True)
    ended = [record for record in told if isinstance(record, CallEnded)]
    assert sorted(each.attempts for each in ended) == [0, 1]


async def test_each_page_is_a_call(told: list[Record]) -> None:
    pages = [json(images([n], pagination(2, n, 1))) for n in (1, 2)]
    async with server(replies(*pages)) as (url, _), client(url, told) as api:
        await api.event(EVENT_ID).photos(page_size=1).collect()
    started = [record for record in told if isinstance(record, CallStarted)]
    assert [each.endpoint for each in started] == ["photos", "photos"]
    assert len({each.call for each in started}) == 2


async def test_looking_up_a_flag_is_no_attempt(told: list[Record]) -> None:
    flags = json(details(bib_search=False))
    async with server(replies(answer(b"", "403 No"), flags)) as (url, _), client(url, told) as api:
        with pytest.raises(FeatureDisabledError):
            await api.event(EVENT_ID).bib_search("7").collect()
    assert [type(record) for record in told] == [CallStarted, AttemptEnded, CallEnded]
    ended = told[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.attempts, ended.status) == (1, 403)
    assert isinstance(ended.error, FeatureDisabledError)


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda event: event.bib_search("s3cret 7").collect(), "/bibs/{bib}"),
        (lambda event: event.bib_search("bibs").collect(), "/bibs/{bib}"),
        (lambda event: event.face_results("s3cret").collect(), "/faces/{request_id}"),
        (lambda event: event.face_search(b"s3cret", request_id="s3cret"), "/faces"),
        (lambda event: event.clip_job("s3cret").status(), "/video-clipping/{request_id}"),
        (lambda event: event.originals(bib="s3cret").collect(), "/original-photos"),
    ],
)
async def test_no_record_holds_an_argument(make: Callable[[Any], Any], path: str, told: list[Record]) -> None:
    refusal = answer(f'{{"message": "s3cret {KEY}"}}'.encode(), "400 No")
    async with server(always(refusal)) as (url, _), client(url, told) as api:
        with pytest.raises(Exception):  # noqa: B017, PT011
            await make(api.event(EVENT_ID))
    started = told[0]
    assert isinstance(started, CallStarted)
    assert started.url == f"{url}{IDS}{path}"
    assert KEY not in "".join(map(repr, told))


async def test_a_hook_that_raises_is_logged_and_does_no_harm(
    told: list[Record], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(record: Record) -> None:
        raise ValueError("so what")

    async with server(always(answer())) as (url, _), client(url, told, hooks=[broken, told.append]) as api:
        assert (await api.event(EVENT_ID).ping()).status == "ok"
    assert len(told) == 3
    assert ["broken" in record.message for record in caplog.records] == [True] * 3
    assert "so what" in caplog.text


class Interrupts:
    """A hook that raises something on one kind of record."""

    def __init__(self, kind: type, error: BaseException) -> None:
        self.kind = kind
        self.error = error

    def __call__(self, record: Record) -> None:
        if isinstance(record, self.kind):
            raise self.error


@pytest.mark.parametrize("kind", [CallStarted, AttemptEnded, CallEnded])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_a_call_that_a_hook_interrupts_ends_for_all_hooks(
    kind: type, error: type[BaseException], told: list[Record]
) -> None:
    async def main() -> None:
        hooks = [told.append, Interrupts(kind, error()), told.append]
        async with server(always(answer())) as (url, _), client(url, [], hooks=hooks) as api:
            await api.event(EVENT_ID).ping()

    with pytest.raises(error):
        asyncio.run(main())
    kinds = [type(record) for record in told]
    assert kinds.count(CallStarted) == kinds.count(CallEnded) == 2
    ended = told[-1]
    assert isinstance(ended, CallEnded)
    assert isinstance(ended.error, error) is (kind is not CallEnded)


class BrokenFile:
    """A selfie whose file raises when it is read."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def read(self) -> bytes:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_a_call_whose_selfie_can_not_be_read_ends_too(error: type[BaseException], told: list[Record]) -> None:
    async def main() -> None:
        async with client("http://127.0.0.1:9", told) as api:
            await api.event(EVENT_ID).face_search(BrokenFile(error("broken")))

    with pytest.raises((error, InvalidInputError)) as caught:
        asyncio.run(main())
    assert [type(record) for record in told] == [CallStarted, CallEnded]
    ended = told[-1]
    assert isinstance(ended, CallEnded)
    assert ended.attempts == 0
    assert type(ended.error) is type(caught.value)


async def test_a_call_that_fails_by_a_fault_of_our_own_ends_too(told: list[Record]) -> None:
    def faulty(request: Request) -> Reply:
        raise RuntimeError("a fault")

    engine = evolve(rig(faulty).engine, hooks=(told.append,))
    with pytest.raises(RuntimeError):
        await engine.run(Ping(event_id=EVENT_ID))
    assert [type(record) for record in told] == [CallStarted, AttemptEnded, CallEnded]
    ended = told[-1]
    assert isinstance(ended, CallEnded)
    assert isinstance(ended.error, RuntimeError)


@pytest.mark.parametrize("wrong", [print, "print", [7], 7, {"print"}.add])
@pytest.mark.parametrize("kind", [NinePic, BlockingNinePic])
def test_other_things_are_no_hooks(kind: Any, wrong: Any) -> None:
    with pytest.raises(ConfigError, match="hooks"):
        kind(KEY, ORG_ID, hooks=wrong)


def test_a_coroutine_function_is_no_hook() -> None:
    async def hook(record: Record) -> None: ...

    with pytest.raises(ConfigError, match="awaited"):
        NinePic(KEY, ORG_ID, hooks=[hook])


async def test_with_options_keeps_the_hooks(told: list[Record]) -> None:
    async with server(always(answer())) as (url, _), client(url, told) as api:
        await api.with_options(timeout=3).event(EVENT_ID).ping()
    assert len(told) == 3


async def test_a_blocking_client_has_hooks_too(told: list[Record]) -> None:
    def ping(url: str) -> None:
        with BlockingNinePic(KEY, ORG_ID, base_url=url, hooks=[told.append]) as api:
            api.event(EVENT_ID).ping()

    async with server(always(answer())) as (url, _):
        await asyncio.to_thread(ping, url)
    assert [type(record) for record in told] == [CallStarted, AttemptEnded, CallEnded]


def test_a_second_request_within_a_call_ends_the_first_attempt() -> None:
    told: list[Record] = []
    reporter = CallReporter((told.append,), lambda: 1.0, "face_search", ("POST", "https://api.example", 7))
    reporter.begin()
    reporter.sent()
    reporter.replied(404, 0.1)
    reporter.sent()
    reporter.replied(200, 0.1)
    reporter.ended(None)
    attempts = [record for record in told if isinstance(record, AttemptEnded)]
    assert [(each.attempt, each.status, each.wait) for each in attempts] == [(1, 404, 0.0), (2, 200, None)]
