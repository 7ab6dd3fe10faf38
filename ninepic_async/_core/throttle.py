"""The one door for all requests of a client: so many at once, so many a second, none while throttled."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from ninepic_async._support.arguments import is_number
from ninepic_async._support.clock import Clock
from ninepic_async._support.loop_affinity import LoopAffinity
from ninepic_async.errors import ConfigError, RateLimitError

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

_LONGEST_CLOSURE_S: Final = 60.0
"""A server that says "come back tomorrow" must not silence the client for good: ask again after this."""


@frozen
class RateLimit:
    """A client-side limit. Requests start evenly spaced, retries included, never in bursts.

    Args:
        rate: requests…
        per_s: …in this many seconds.

    Raises:
        ConfigError: a value is not a positive number.

    Example:
        >>> RateLimit(10)  # ten a second
        RateLimit(rate=10, per_s=1.0)
    """

    rate: float = field()
    per_s: float = field(default=1.0)

    def __attrs_post_init__(self) -> None:
        if not all(is_number(value) and 0 < value < math.inf for value in (self.rate, self.per_s)):
            raise ConfigError(f"{self!r}: give positive numbers")


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
    """Concurrency, rate and pause for all calls of one client."""

    def __init__(
        self,
        max_concurrency: int,
        rate_limit: RateLimit | None,
        clock: Clock,
        affinity: LoopAffinity | None = None,
    ) -> None:
        if type(max_concurrency) is not int or max_concurrency < 1:
            raise ConfigError(f"max_concurrency={max_concurrency!r}: give a whole number from 1")
        self._slots = asyncio.Semaphore(max_concurrency)
        self._rate_limit = rate_limit
        self._limiter: AsyncLimiter | None = None
        self._clock = clock
        self._opens_at = 0.0
        self._asked_until = 0.0
        self._affinity = affinity or LoopAffinity()

    def close_for(self, seconds: float) -> None:
        """Let nobody through for a while; a closure that lasts longer already stands."""
        now = self._clock.monotonic()
        self._asked_until = max(self._asked_until, now + seconds)
        self._opens_at = max(self._opens_at, now + min(seconds, _LONGEST_CLOSURE_S))

    def slot(self, deadline: float) -> _Slot:
        """Wait for a place, and hold it, in an ``async with``.

        Args:
            deadline: monotonic seconds at which the caller must be done.

        Raises:
            RateLimitError: the gate stays closed beyond the deadline.
            ConfigError: the client was first used in another process or loop.
        """
        return _Slot(self, deadline)

    async def enter(self, deadline: float) -> None:
        """Take a place; what `slot` does at its beginning."""
        self._affinity.enter()
        await self._slots.acquire()
        try:
            await self._until_open(deadline)
            while self._rate_limit is not None:
                await self._spaced(self._rate_limit)
                if self._opens_at <= self._clock.monotonic():
                    break
                await self._until_open(deadline)
        except BaseException:
            self._slots.release()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._slots.release()

    async def _until_open(self, deadline: float) -> None:
        while (closed_for := self._opens_at - self._clock.monotonic()) > 0:
            if self._asked_until >= deadline:
                raise RateLimitError(
                    "not sent: an earlier reply asked this client to wait beyond the call's deadline",
                    retry_after=self._asked_until - self._clock.monotonic(),
                )
            await self._clock.sleep(closed_for)

    async def _spaced(self, limit: RateLimit) -> None:
        if self._limiter is None:
            from aiolimiter import AsyncLimiter

            # A bucket of one drop: anything larger would let a burst through.
            self._limiter = AsyncLimiter(1, limit.per_s / limit.rate)
        await self._limiter.acquire()
