"""Decide whether to retry a failed attempt, and how long to wait before the retry. No I/O."""

from __future__ import annotations

import math

from attrs import field, frozen

from ninepic_async import guesses
from ninepic_async._support.arguments import is_number
from ninepic_async.errors import ConfigError


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@frozen(kw_only=True)
class RetryPolicy:
    """How often to retry a failed attempt, and how long to wait before each retry.

    Waits double from ``initial_s`` up to ``max_s``, with 50-100 % jitter. A ``Retry-After`` from the server
    replaces them. The client does not wait beyond the call's deadline: it raises the error at once.

    Args:
        attempts: the largest number of attempts, including the first; 1 switches retries off.
        initial_s: the longest wait before the second attempt, in seconds.
        max_s: the longest wait between two attempts, in seconds.

    Raises:
        ConfigError: a value is out of range.

    Example:
        >>> RetryPolicy(attempts=3, initial_s=0.2)
        RetryPolicy(attempts=3, initial_s=0.2, max_s=8.0)
    """

    attempts: int = field(default=5)
    initial_s: float = field(default=0.5)
    max_s: float = field(default=8.0)

    def __attrs_post_init__(self) -> None:
        _check(
            type(self.attempts) is int and self.attempts >= 1,
            f"RetryPolicy(attempts={self.attempts!r}): give a whole number from 1",
        )
        _check(
            is_number(self.initial_s)
            and is_number(self.max_s)
            and 0 <= self.initial_s <= self.max_s < math.inf,
            f"RetryPolicy(initial_s={self.initial_s!r}, max_s={self.max_s!r}): "
            "give seconds, with 0 <= initial_s <= max_s",
        )


@frozen(kw_only=True)
class Failure:
    """What is known about a failed attempt."""

    status: int | None = None
    """None if no complete reply arrived."""
    retry_after_s: float | None = None
    never_sent: bool = False
    final: bool = False


def wait_before_retry(
    policy: RetryPolicy, attempt: int, failure: Failure, *, replayable: bool, chance: float
) -> float | None:
    """Decide on the next attempt.

    Args:
        policy: the caller's policy.
        attempt: the number of the attempt that failed, from 1.
        failure: how it failed.
        replayable: whether the request can be sent again without doing the work twice.
        chance: a random number from 0 to 1, for the jitter.

    Returns:
        Seconds to wait, or None to give up.
    """
    if attempt >= policy.attempts or not _is_worth_retrying(failure, replayable=replayable):
        return None
    # "Retry-After: 0" must not use up all attempts at once.
    if failure.retry_after_s:
        return failure.retry_after_s
    longest = min(policy.max_s, policy.initial_s * 2.0 ** min(attempt - 1, 64))
    return longest * (0.5 + 0.5 * chance)


def _is_worth_retrying(failure: Failure, *, replayable: bool) -> bool:
    if failure.final:
        return False
    if failure.status is None:
        return replayable or failure.never_sent
    # The reference says that a 429 is sent before any work, and that after a 500 nothing was recorded. After
    # a gateway's 502, 503 or 504, the work may have been done.
    if failure.status in (429, 500):
        return True
    return replayable and failure.status in guesses.RETRYABLE_GATEWAY_STATUSES
