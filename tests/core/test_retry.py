from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ninepic_async import APIConnectionError, APIStatusError, RetryPolicy
from ninepic_async._contract.messages import Reply, Request, SendError, retry_after_s
from ninepic_async._core.retry import Failure, wait_before_retry
from ninepic_async.errors import CallError
from tests.canned import PING, failed, ok, rig

LOST = Failure()
NEVER_SENT = Failure(never_sent=True)
TWICE = RetryPolicy(attempts=2)


@pytest.mark.parametrize(
    ("failure", "if_replayable", "if_not"),
    [
        (LOST, True, False),
        (NEVER_SENT, True, True),
        (Failure(final=True), False, False),
        (Failure(final=True, never_sent=True), False, False),
        *((Failure(status=status), True, True) for status in (429, 500)),
        *((Failure(status=status), True, False) for status in (502, 503, 504)),
        *(
            (Failure(status=status), False, False)
            for status in (301, 400, 401, 403, 404, 409, 413, 422, 501, 505)
        ),
    ],
    ids=str,
)
def test_the_table(failure: Failure, if_replayable: bool, if_not: bool) -> None:
    for replayable, again in ((True, if_replayable), (False, if_not)):
        wait = wait_before_retry(TWICE, 1, failure, replayable=replayable, chance=1.0)
        assert (wait is not None) is again
        assert wait_before_retry(TWICE, 2, failure, replayable=replayable, chance=1.0) is None


@given(
    attempts=st.integers(1, 2000),
    attempt=st.integers(1, 2000),
    initial=st.floats(0, 100),
    longest=st.floats(0, 1000),
    chance=st.floats(0, 1),
)
def test_waits_grow_to_a_ceiling_and_never_beyond_the_attempts(
    attempts: int, attempt: int, initial: float, longest: float, chance: float
) -> None:
    policy = RetryPolicy(attempts=attempts, initial_s=min(initial, longest), max_s=longest)
    wait = wait_before_retry(policy, attempt, LOST, replayable=True, chance=chance)
    if attempt >= attempts:
        assert wait is None
        return
    assert wait is not None
    full = min(longest, policy.initial_s * 2.0 ** min(attempt - 1, 64))
    assert full / 2 - 1e-9 <= wait <= full + 1e-9


def test_waits_double_and_are_cut_by_chance() -> None:
    policy = RetryPolicy(attempts=9, initial_s=0.5, max_s=8)

    def waits(chance: float) -> list[float | None]:
        return [wait_before_retry(policy, n, LOST, replayable=True, chance=chance) for n in range(1, 8)]

    assert waits(1.0) == [0.5, 1, 2, 4, 8, 8, 8]
    assert waits(0.0) == [0.25, 0.5, 1, 2, 4, 4, 4]


def read(value: str, **headers: str) -> float | None:
    return retry_after_s(Reply(429, {"retry-after": value, **headers}, received_at=1_000_000.0))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("86400", 86400.0),
        ("Mon, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert read(value) == seconds


def test_no_header_is_no_wish() -> None:
    assert retry_after_s(Reply(429)) is None


@given(st.integers(0, 2**31), st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date_is_measured_by_the_servers_clock(sent: int, ahead: int) -> None:
    moment = max(sent + ahead, 0)
    dates = [format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True) for at in (moment, sent)]
    assert read(dates[0], date=dates[1]) == max(moment - sent, 0)


def test_retry_after_as_a_date_without_a_date_of_the_server() -> None:
    at = format_datetime(datetime.fromtimestamp(1_000_030, UTC), usegmt=True)
    assert read(at) == 30.0
    assert read(at, date="garbage") == 30.0


@pytest.fixture
def mumbai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("mumbai")
@pytest.mark.parametrize(
    "date",
    ["Mon, 12 Jan 1970 13:47:10 GMT", "Monday, 12-Jan-70 13:47:10 GMT", "Mon Jan 12 13:47:10 1970"],
)
def test_a_date_in_each_of_the_three_formats_is_in_utc(date: str) -> None:
    assert read(date) == 30.0


@given(st.text() | st.floats().map(str) | st.integers().map(str))
@example("9" * 400)
@example("Mon, 01 Jan 0000 00:00:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("0 0 0 0 0")
def test_no_retry_after_breaks_it(value: str) -> None:
    seconds = read(value, date=value)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


@given(status=st.sampled_from([429, 503]), seconds=st.integers(1, 10**9), timeout=st.integers(1, 3600))
async def test_a_retry_after_beyond_the_deadline_is_not_slept_on(
    status: int, seconds: int, timeout: int
) -> None:
    answers = rig([failed(status, retry_after=str(seconds)), ok(PING)], timeout_s=timeout)
    if seconds < timeout:
        await answers.event.ping()
        assert sum(answers.clock.waits) == seconds
        return
    with pytest.raises(APIStatusError) as caught:
        await answers.event.ping()
    assert answers.clock.waits == []
    assert caught.value.attempts == 1
    assert caught.value.retry_after == seconds


async def test_a_retry_after_of_nothing_still_backs_off() -> None:
    sent_at: list[float] = []

    def answer(request: Request) -> Reply:
        sent_at.append(answers.clock.now)
        return failed(429, retry_after="0") if len(sent_at) < 5 else ok(PING)

    answers = rig(answer)
    await answers.event.ping()
    assert len(sent_at) == 5
    assert min(later - earlier for earlier, later in itertools.pairwise(sent_at)) >= 0.25


async def test_attempts_are_counted_and_waited_between() -> None:
    answers = rig([failed(503)] * 5)
    with pytest.raises(APIStatusError) as caught:
        await answers.event.ping()
    assert (len(answers.requests), caught.value.attempts) == (5, 5)
    assert answers.clock.waits == [0.5, 1, 2, 4]
    assert "after 5 attempts" in str(caught.value)


@pytest.mark.parametrize("first", [failed(429), failed(500), failed(502), SendError("reset")], ids=str)
async def test_a_failure_that_passes_is_not_seen(first: Reply | SendError) -> None:
    answers = rig([first, ok(PING)])
    assert (await answers.event.ping()).status == "ok"
    assert len(answers.requests) == 2


async def test_one_attempt_switches_retries_off() -> None:
    answers = rig([SendError("reset")], retry=RetryPolicy(attempts=1))
    with pytest.raises(APIConnectionError, match="reset") as caught:
        await answers.event.ping()
    assert answers.clock.waits == []
    assert isinstance(caught.value.__cause__, SendError)


@given(
    st.lists(st.sampled_from([400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 504, None]), min_size=1),
    st.integers(1, 6),
    st.integers(1, 30),
)
async def test_no_series_of_failures_outlasts_attempts_or_deadline(
    statuses: list[int | None], attempts: int, timeout: int
) -> None:
    def script() -> list[Reply | SendError]:
        return [SendError("reset") if status is None else failed(status) for status in statuses]

    answers = rig([*script(), *[ok(PING)] * 6], retry=RetryPolicy(attempts=attempts), timeout_s=timeout)
    (outcome,) = await asyncio.gather(answers.event.ping(), return_exceptions=True)
    if isinstance(outcome, BaseException):
        assert isinstance(outcome, CallError)
        assert outcome.attempts == len(answers.requests)
    assert len(answers.requests) <= attempts
    assert sum(answers.clock.waits) < timeout


def test_the_defaults_of_the_policy() -> None:
    assert repr(RetryPolicy()) == "RetryPolicy(attempts=5, initial_s=0.5, max_s=8.0)"
