from __future__ import annotations

import asyncio
import itertools

import pytest
from attrs import evolve

from ninepic_async import APITimeoutError, Event, RateLimit, RateLimitError, RetryPolicy
from ninepic_async._contract.messages import Reply, Request
from ninepic_async._core.throttle import Throttle
from tests.canned import PING, FakeClock, failed, ok, rig

ONCE = RetryPolicy(attempts=1)


async def test_a_429_makes_other_calls_wait() -> None:
    answers = rig([failed(429, retry_after="20"), ok(PING)], retry=ONCE)
    with pytest.raises(RateLimitError):
        await answers.event.ping()
    assert answers.clock.waits == []
    await answers.event.ping()
    assert answers.clock.waits == [20]


async def test_a_429_without_a_wish_closes_for_the_first_wait_of_the_policy() -> None:
    answers = rig([failed(429), ok(PING)], retry=RetryPolicy(attempts=1, initial_s=3))
    with pytest.raises(RateLimitError):
        await answers.event.ping()
    await answers.event.ping()
    assert answers.clock.waits == [3]


async def test_no_other_failure_closes_the_gate() -> None:
    answers = rig([failed(503, retry_after="20"), ok(PING)], retry=ONCE)
    with pytest.raises(Exception, match="503"):
        await answers.event.ping()
    await answers.event.ping()
    assert answers.clock.waits == []


async def test_all_wait_for_one_throttled_call_and_for_no_longer() -> None:
    throttled = asyncio.Event()
    sent_at: list[float] = []

    def answer(request: Request) -> Reply:
        sent_at.append(answers.clock.now)
        if len(sent_at) == 1:
            throttled.set()
            return failed(429, retry_after="10")
        return ok(PING)

    async def later() -> None:
        await throttled.wait()
        await answers.event.ping()

    answers = rig(answer)
    await asyncio.gather(answers.event.ping(), *(later() for _ in range(5)))
    assert sent_at[0] == 1000
    assert len(sent_at) == 7
    assert min(sent_at[1:]) >= 1010


async def test_a_closure_beyond_a_calls_deadline_is_an_error_at_once() -> None:
    answers = rig([failed(429, retry_after="50")], retry=ONCE, timeout_s=30)
    for sent in (1, 0):
        with pytest.raises(RateLimitError) as caught:
            await answers.event.ping()
        assert caught.value.retry_after == 50
        assert (caught.value.endpoint, caught.value.attempts) == ("ping", sent)
    assert "not sent" in str(caught.value)
    assert answers.clock.waits == []
    assert len(answers.requests) == 1


async def test_a_closure_is_capped_however_long_the_server_wishes() -> None:
    answers = rig([failed(429, retry_after="86400"), ok(PING)], retry=ONCE, timeout_s=100)
    with pytest.raises(RateLimitError) as caught:
        await answers.event.ping()
    assert caught.value.retry_after == 86400
    # While it is closed, nobody sleeps on what the server asked for: the error says so at once.
    await answers.clock.sleep(1)
    with pytest.raises(RateLimitError) as refused:
        await answers.event.ping()
    assert refused.value.retry_after == pytest.approx(86399)
    assert refused.value.attempts == 0
    await answers.clock.sleep(59)
    await answers.event.ping()
    assert answers.clock.waits == [1, 59]


async def test_a_shorter_closure_does_not_open_a_longer_one() -> None:
    clock = FakeClock()
    throttle = Throttle(1, None, clock)
    throttle.throttled(clock.now, 30)
    throttle.throttled(clock.now, 1)
    async with throttle.slot(clock.now + 100):
        assert clock.now == 1030


@pytest.mark.parametrize("limit", [1, 3, 32])
async def test_max_concurrency_is_honoured_and_used(limit: int) -> None:
    async def answer(request: Request) -> Reply:
        await asyncio.sleep(0)
        return ok(PING)

    answers = rig(answer, max_concurrency=limit)
    await asyncio.gather(*(answers.event.ping() for _ in range(50)))
    assert answers.transport.most_under_way == limit
    assert len(answers.requests) == 50


async def test_a_cancelled_call_frees_its_slot_at_once() -> None:
    hold = asyncio.Event()

    async def answer(request: Request) -> Reply:
        if len(answers.requests) == 1:
            await hold.wait()
        return ok(PING)

    answers = rig(answer, max_concurrency=1)
    stuck = asyncio.create_task(answers.event.ping())
    waiting = asyncio.create_task(answers.event.ping())
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(answers.requests) == 1
    stuck.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stuck
    assert (await waiting).status == "ok"


async def test_a_call_cancelled_in_the_queue_takes_no_slot() -> None:
    hold = asyncio.Event()

    async def answer(request: Request) -> Reply:
        await hold.wait()
        return ok(PING)

    answers = rig(answer, max_concurrency=1)
    first, queued, third = (asyncio.create_task(answers.event.ping()) for _ in range(3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    queued.cancel()
    hold.set()
    assert [(await first).status, (await third).status] == ["ok", "ok"]
    assert len(answers.requests) == 2


async def test_waiting_between_attempts_holds_no_slot() -> None:
    order: list[str] = []

    def answer(request: Request) -> Reply:
        order.append(request.path.rpartition("/")[2])
        return failed(503) if len(order) == 1 else ok(PING)

    answers = rig(answer, max_concurrency=1)
    other = rig([]).event.__class__(answers.engine, 7)
    await asyncio.gather(answers.event.ping(), other.ping())
    assert len(order) == 3
    assert answers.requests[1].path.endswith("/event/7/ping")


async def test_a_call_that_never_gets_a_slot_ends_with_its_deadline() -> None:
    asked = asyncio.Event()

    async def answer(request: Request) -> Reply:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    answers = rig(answer, max_concurrency=1, timeout_s=0.05)
    holding = asyncio.ensure_future(Event(evolve(answers.engine, timeout_s=60), 7).ping())
    await asked.wait()
    with pytest.raises(APITimeoutError) as caught:
        await answers.event.ping()
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    held_back = "ping: not sent within 0.05 s: max_concurrency or rate_limit held it back"
    assert (str(caught.value), caught.value.attempts) == (held_back, 0)


async def test_a_rate_limit_spaces_requests_evenly() -> None:
    started: list[float] = []

    def answer(request: Request) -> Reply:
        started.append(answers.clock.now)
        return ok(PING)

    answers = rig(answer, rate_limit=RateLimit(2, per_s=0.04))
    await asyncio.gather(*(answers.event.ping() for _ in range(6)))
    gaps = [later - earlier for earlier, later in itertools.pairwise(started)]
    assert gaps == pytest.approx([0.02] * 5)
