"""Limit concurrency and rate, and pause and slow down on 429, for all calls of one client."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from attrs import field, frozen

from ninepic_async._core.pace import Pace
from ninepic_async._core.retry import RetryPolicy
from ninepic_async._support.arguments import is_number
from ninepic_async._support.clock import Clock
from ninepic_async._support.loop_affinity import LoopAffinity
from ninepic_async.errors import ConfigError, RateLimitError

_LONGEST_PAUSE_S: Final = 60.0
"""Try again after this, even if the service asked for a longer pause."""
_CATCH_UP_SHARE: Final = 0.1
_CATCH_UP_S: Final = 0.002
"""Make up for timers that fire late by up to this much, to keep the pace on average."""
_CHECK_AGAIN_S: Final = 0.1
"""Check the pace again after this, because it grows while a request waits."""


@frozen
class RateLimit:
    """A client-side limit. Requests start evenly spaced, retries included, never in bursts.

    Args:
        rate: requests per ``per_s`` seconds.
        per_s: seconds.

    Raises:
        ConfigError: a value is not a positive number.

    Example:
        >>> limit = RateLimit(10)  # ten requests a second
    """

    rate: float = field()
    per_s: float = field(default=1.0)

    def __attrs_post_init__(self) -> None:
        if not all(is_number(value) and 0 < value < math.inf for value in (self.rate, self.per_s)):
            raise ConfigError(f"{self!r}: give positive numbers")


@frozen(kw_only=True)
class ThrottleState:
    """How a client is throttled at this moment.

    Attributes:
        pace: requests a second that the client allows itself, learned from the service's 429s or set by a
            `RateLimit`; None while nothing limits it.
        paused_s: seconds until requests are sent again; 0 when there is no pause.
        waiting: how many requests wait for their turn.
    """

    pace: float | None
    paused_s: float
    waiting: int

    @property
    def held_to(self) -> float | None:
        """The pace while it delays requests; otherwise None."""
        return self.pace if self.waiting or self.paused_s else None


@frozen(kw_only=True)
class Slowdown:
    """How a throttled request continues.

    Attributes:
        wait: seconds to wait before it queues again; None to give up.
        is_excused: whether the attempt does not count, because it was sent together with the request that
            caused the slowdown.
    """

    wait: float | None
    is_excused: bool = False


@frozen
class _Slot:
    # A generator-based context manager takes four times as long, once for every request.
    throttle: Throttle
    deadline: float

    async def __aenter__(self) -> None:
        await self.throttle.enter(self.deadline)

    async def __aexit__(self, *_: object) -> None:
        self.throttle.leave()


class Throttle:
    """Concurrency, rate and pause for all calls of one client.

    Waiting requests are sent one by one, in the order of their arrival. Until the first 429 there is no
    spacing between requests: only the concurrency limit applies.

    Args:
        max_concurrency: the largest number of requests at the same time.
        rate_limit: an upper limit on the rate; None for no limit.
        clock: reads the time and waits.
        affinity: the process and loop that the client belongs to.

    Raises:
        ConfigError: ``max_concurrency`` is not a whole number from 1.
    """

    def __init__(
        self,
        max_concurrency: int,
        rate_limit: RateLimit | None,
        clock: Clock,
        affinity: LoopAffinity | None = None,
    ) -> None:
        if type(max_concurrency) is not int or max_concurrency < 1:
            raise ConfigError(f"max_concurrency={max_concurrency!r}: give a whole number from 1")
        self._max_concurrency = max_concurrency
        self.limit(rate_limit)
        self._clock = clock
        self._pace = Pace()
        self._moves = 0
        self._make_primitives()
        self._last_start = -math.inf
        self._paused_until = 0.0
        self._paused_at = -math.inf
        self._asked_until = 0.0
        self._affinity = affinity or LoopAffinity()

    @property
    def has_pace(self) -> bool:
        """Whether requests are spaced because of a recent 429."""
        return self._pace.rate(self._clock.monotonic()) < math.inf

    def limit(self, rate_limit: RateLimit | None) -> None:
        """Set another upper limit on the rate, from the next request on."""
        self._least_interval_s = 0.0 if rate_limit is None else rate_limit.per_s / rate_limit.rate

    def limited(self, rate_limit: RateLimit) -> Throttle:
        """Return a throttle with another rate limit, for a part of the client's calls."""
        return Throttle(self._max_concurrency, rate_limit, self._clock, self._affinity)

    def continue_from(self, earlier: Throttle) -> None:
        """Copy the pace and the pause of an earlier throttle of this process that is no longer used."""
        self._pace = earlier._pace
        self._last_start = earlier._last_start
        self._paused_until, self._paused_at = earlier._paused_until, earlier._paused_at
        self._asked_until = earlier._asked_until

    def state(self) -> ThrottleState:
        """Return the current pace, pause, and number of waiting requests."""
        now = self._clock.monotonic()
        interval_s = self._interval_s(now)
        return ThrottleState(
            pace=1 / interval_s if interval_s else None,
            paused_s=max(self._paused_until - now, 0.0),
            waiting=self._waiting,
        )

    def accepted(self, sent_at: float) -> None:
        """Record a reply that was not a 429. It ends a pause that began before the request was sent.

        Args:
            sent_at: when the request was sent, in monotonic seconds.
        """
        self._pace.accepted(self._clock.monotonic())
        if self._paused_until and sent_at >= self._paused_at:
            self._paused_until = self._asked_until = 0.0

    def slow_down(
        self, sent_at: float, asked: float | None, wait: float | None, retry: RetryPolicy, *, times: int
    ) -> Slowdown:
        """Slow down all requests after a 429, and decide how this request continues.

        Args:
            sent_at: when the request was sent, in monotonic seconds.
            asked: seconds that the service asked to wait.
            wait: seconds that the retry policy wants to wait; None to give up.
            retry: the policy.
            times: how often this request was throttled, this time included.
        """
        had_pace = self.has_pace
        pause = asked or 0.0
        if not asked and not had_pace:
            pause = retry.initial_s if wait is None else wait
        if not self.throttled(sent_at, pause) and retry.attempts > 1:
            return Slowdown(wait=asked or 0.0, is_excused=True)
        if wait is None or asked or not had_pace or times > 1:
            return Slowdown(wait=wait)
        return Slowdown(wait=0.0)  # the pace is known, so the request waits only for its turn

    def throttled(self, sent_at: float, pause: float = 0.0) -> bool:
        """Cut the pace after a 429, and pause all requests.

        Args:
            sent_at: when the request was sent, in monotonic seconds.
            pause: seconds in which no request is sent; capped at 60.

        Returns:
            Whether the pace was cut. A 429 for a request that was sent before the last cut changes nothing.
        """
        now = self._clock.monotonic()
        capped = min(pause, _LONGEST_PAUSE_S)
        if pause > 0:
            self._paused_at = now
            if self._paused_until <= now:
                self._asked_until = 0.0
            self._asked_until = max(self._asked_until, now + pause)
            self._paused_until = max(self._paused_until, now + capped)
        return self._pace.throttled(now, sent_at, capped)

    def slot(self, deadline: float) -> _Slot:
        """Return an async context manager that waits for a free slot and holds it.

        Args:
            deadline: monotonic seconds at which the caller must be done.

        Raises:
            RateLimitError: the pause lasts beyond the deadline.
            ConfigError: the client was first used in another process or loop.
        """
        return _Slot(self, deadline)

    async def enter(self, deadline: float) -> None:
        """Wait for a free slot, and take it."""
        self._affinity.enter()
        if self._moves != self._affinity.moves:
            self._moves = self._affinity.moves
            self._make_primitives()
        await self._slots.acquire()
        if not (self._pace.is_active or self._paused_until or self._least_interval_s):
            return
        self._waiting += 1
        try:
            self._check_pause(deadline)
            async with self._turn:
                await self._wait_for_turn(deadline)
        except BaseException:
            self._slots.release()
            raise
        finally:
            self._waiting -= 1

    def _make_primitives(self) -> None:
        """Create the semaphore and the lock, which belong to one event loop."""
        self._slots = asyncio.Semaphore(self._max_concurrency)
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def sleep(self, seconds: float) -> None:
        """Wait, outside of a slot.

        Raises:
            ConfigError: the client was closed during the wait.
        """
        await self._affinity.sleep(self._clock.sleep, seconds)

    def leave(self) -> None:
        """Release the slot."""
        self._slots.release()

    async def _wait_for_turn(self, deadline: float) -> None:
        while True:
            self._check_pause(deadline)
            now = self._clock.monotonic()
            if self._paused_until > now:
                await self.sleep(self._paused_until - now)
                continue
            interval_s = self._interval_s(now)
            catch_up_s = 0.0
            if interval_s > self._least_interval_s:
                catch_up_s = max(_CATCH_UP_SHARE * interval_s, _CATCH_UP_S)
            start = max(self._last_start + interval_s, now - catch_up_s)
            if start <= now:
                self._last_start = start
                self._pace.sent(now)
                return
            await self.sleep(min(start - now, _CHECK_AGAIN_S) if self._pace.is_active else start - now)

    def _interval_s(self, now: float) -> float:
        return max(self._least_interval_s, 1 / self._pace.rate(now))

    def _check_pause(self, deadline: float) -> None:
        if self._asked_until < deadline:
            return
        now = self._clock.monotonic()
        if self._paused_until > now:
            raise RateLimitError(
                "not sent: an earlier reply asked this client to wait beyond the call's deadline",
                retry_after=self._asked_until - now,
            )
