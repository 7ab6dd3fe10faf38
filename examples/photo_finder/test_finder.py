"""The bound on charges, and the check of links."""

from __future__ import annotations

import pytest
from finder import ChargeLimit, TooManySearchesError, is_safe

from ninepic_async import InvalidInputError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def take(limit: ChargeLimit, address: str | None, request_id: str) -> None:
    with limit.search(address, request_id):
        pass


def test_searches_come_back_after_an_hour() -> None:
    clock = Clock()
    limit = ChargeLimit(searches=2, clock=clock)
    take(limit, "192.0.2.1", "a")
    clock.now = 1000
    take(limit, "192.0.2.1", "b")
    take(limit, "192.0.2.1", "b")
    with pytest.raises(TooManySearchesError) as refused:
        take(limit, "192.0.2.1", "c")
    assert refused.value.retry_after == 2600
    take(limit, "192.0.2.2", "c")
    clock.now = 3600
    take(limit, "192.0.2.1", "c")


def test_a_network_of_ipv6_is_one_visitor() -> None:
    limit = ChargeLimit(searches=1)
    take(limit, "2001:db8::1", "a")
    with pytest.raises(TooManySearchesError):
        take(limit, "2001:db8::2", "b")
    take(limit, "2001:db8:0:1::1", "b")


def test_a_rejected_search_does_not_count() -> None:
    limit = ChargeLimit(searches=1)
    with pytest.raises(InvalidInputError), limit.search(None, "a"):
        raise InvalidInputError("empty")
    take(limit, None, "b")


def test_only_the_latest_visitors_are_remembered() -> None:
    limit = ChargeLimit(searches=1, visitors=2)
    for visitor in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        take(limit, visitor, "a")
    take(limit, "192.0.2.1", "b")
    with pytest.raises(TooManySearchesError):
        take(limit, "192.0.2.3", "b")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://photos.9pic.ai/1.jpg", True),
        ("http://127.0.0.1:9009/1.jpg", True),
        ("http://photos.9pic.ai/1.jpg", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//photos.9pic.ai/1.jpg", False),
    ],
)
def test_links(url: str, safe: bool) -> None:
    assert is_safe(url) is safe
