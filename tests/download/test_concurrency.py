"""The concurrency controller, with hosts that are simple formulas."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ninepic_async.download.concurrency import MOST, START, ConcurrencyController

Host = Callable[[int], tuple[float, int]]


def played(host: Host, windows: int = 200) -> tuple[list[int], float]:
    """Return the limits used, and the mean rate."""
    controller, limits, total = ConcurrencyController(), [], 0.0
    for _ in range(windows):
        limits.append(controller.limit)
        rate, refused = host(controller.limit)
        total += rate
        controller.observe(rate, refused)
    return limits, total / windows


def best_fixed(host: Host, windows: int = 200) -> float:
    return max(sum(host(n)[0] for _ in range(windows)) / windows for n in (1, 4, 16, 64))


def fast(n: int) -> tuple[float, int]:
    """A fast link that a few transfers fill; more transfers slow each other down."""
    return 100 * min(n, 4) / 4 / (1 + max(0, n - 16) / 400), 0


def far(n: int) -> tuple[float, int]:
    """A distant host: each transfer waits most of the time."""
    return 1.5 * n, 0


def touchy(n: int) -> tuple[float, int]:
    """A host that throttles more than 8 at once, and then serves little for a while."""
    return (10.0 * n, 0) if n <= 8 else (10.0, n - 8)


@pytest.mark.parametrize("host", [fast, far, touchy])
def test_it_comes_close_to_the_best_fixed_limit(host: Host) -> None:
    assert played(host)[1] >= 0.9 * best_fixed(host)


@pytest.mark.parametrize("seed", range(20))
def test_noise_does_little_harm(seed: int) -> None:
    dice = random.Random(seed)

    def noisy(n: int) -> tuple[float, int]:
        return fast(n)[0] * dice.uniform(0.8, 1.2), 0

    assert played(noisy)[1] >= 0.8 * best_fixed(noisy)


def test_it_raises_the_limit_where_that_helps() -> None:
    assert played(far, 20)[0][-1] == MOST


def test_it_needs_one_window_to_start() -> None:
    assert played(far, 2)[0] == [START, MOST]


def test_it_stays_below_a_limit_that_was_refused() -> None:
    limits, _ = played(touchy, 100)
    assert sum(limit > 8 for limit in limits) <= 6
    assert limits[-1] in (6, 7, 8)


def test_a_host_that_always_refuses_gets_one_request_at_a_time() -> None:
    assert played(lambda _: (0.0, 1), 40)[0][-1] == 1


def test_falling_throughput_shrinks_it() -> None:
    controller = ConcurrencyController()
    for _ in range(30):
        controller.observe(100.0, 0)
    before = controller.limit
    for _ in range(3):
        controller.observe(20.0, 0)
    assert controller.limit < before


def test_it_recovers_soon_from_a_short_dip() -> None:
    controller = ConcurrencyController()
    for _ in range(20):
        controller.observe(*far(controller.limit))
    for _ in range(3):
        controller.observe(0.5 * far(controller.limit)[0], 0)
    assert controller.limit < MOST
    for _ in range(12):
        controller.observe(*far(controller.limit))
    assert controller.limit == MOST


def test_it_goes_up_again_when_the_host_has_recovered() -> None:
    controller = ConcurrencyController()
    for _ in range(8):
        controller.observe(1.0, 1)
    for _ in range(2000):
        controller.observe(1.5 * controller.limit, 0)
    assert controller.limit > 16


def test_the_limit_stays_within_its_bounds() -> None:
    dice = random.Random(1)
    controller = ConcurrencyController()
    for _ in range(5000):
        assert 1 <= controller.observe(dice.random() * 100, dice.choice([0, 0, 0, 0, 5])) <= MOST
