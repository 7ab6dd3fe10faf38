"""Whether a failed attempt is worth another, and how long to wait first. Decides; never waits."""

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
    """How often, and how patiently, a failed attempt is repeated.

    Waits double from ``initial_s`` to ``max_s``, each cut by chance to between half and the whole of that.
    A ``Retry-After`` from the server takes their place. No wait ever goes past the call's deadline.

    Args:
        attempts: tries in all, the first included; 1 switches retries off.
        initial_s: seconds before the second try, at most.
        max_s: seconds between two tries, at most.

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
    """What is known of an attempt that brought no success."""

    status: int | None = None
    """None where no whole reply came."""
    retry_after_s: float | None = None
    never_sent: bool = False
    final: bool = False


def wait_before_retry(
    policy: RetryPolicy, attempt: int, failure: Failure, *, replayable: bool, chance: float
) -> float | None:
    """Decide on the next try.

    Args:
        policy: the caller's.
        attempt: the number of the attempt that failed, from 1.
        failure: how it failed.
        replayable: whether the server can be asked twice without doing the work twice.
        chance: from 0 to 1, for the jitter.

    Returns:
        Seconds to wait, or None to give up.
    """
    if attempt >= policy.attempts or not _worth_another(failure, replayable=replayable):
        return None
    # "Retry-After: 0" is no reason to spend all attempts at once.
    if failure.retry_after_s:
        return failure.retry_after_s
    longest = min(policy.max_s, policy.initial_s * 2.0 ** min(attempt - 1, 64))
    return longest * (0.5 + 0.5 * chance)


def _worth_another(failure: Failure, *, replayable: bool) -> bool:
    if failure.final:
        return False
    if failure.status is None:
        return replayable or failure.never_sent
    # 429 comes before any work, and the reference says of 500 that nothing was recorded. A gateway's
    # 502 to 504 tells nothing about what happened behind it.
    if failure.status in (429, 500):
        return True
    return replayable and failure.status in guesses.RETRYABLE_GATEWAY_STATUSES
