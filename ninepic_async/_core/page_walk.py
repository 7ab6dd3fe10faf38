"""Making one list out of pages whose borders move: each item once, and always an end. Without any I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from attrs import evolve

from ninepic_async._contract.body import contract_error
from ninepic_async._contract.messages import Reply
from ninepic_async.models import Page, PaginationInfo

T = TypeVar("T")

REMEMBERED: Final = 10_000
"""Items known again when they slide over a page border. Bounded: memory must not grow with the gallery."""
_PATIENCE: Final = 100
"""Pages beyond twice what the totals account for, before a server that never ends is called one. Also pages
in a row with nothing new, beyond those that had something new: there is no more that could be seen again."""
_STANDSTILL: Final = 10 * _PATIENCE
"""Pages in a row after which the end is no nearer: a gallery that grows as fast as it is read is no more
believed. Whoever reads slowly, while many photographers upload, may well see some hundred."""


class PageWalk(Generic[T]):
    """Makes one list out of pages that were cut from it at different moments.

    The list is ordered and can grow or shrink meanwhile. Growth shows the same item twice, which is dropped;
    shrinking moves unseen items into pages already read, so the walk steps back and reads those again.
    """

    def __init__(self, endpoint: str, key: Callable[[T], Hashable], request_id: str | None = None) -> None:
        self._endpoint = endpoint
        self._key = key
        self._request_id = request_id
        self._seen: set[Hashable] = set()
        self._seen_in_order: deque[list[Hashable]] = deque()
        self._pages = 0
        self._excuses = 0
        self._given = 0
        self._ended_at: int | None = None
        """The page that was not available."""
        self._largest_total = 0
        self._fruitful = 0
        self._fruitless = 0
        self._standing = 0
        self._least_left = math.inf
        self._last_length = 0
        self._last: PaginationInfo | None = None

    def take(self, number: int, page: Page[T]) -> tuple[Page[T], int | None]:
        """Take the page of that number.

        Returns:
            The page with what is new on it, and the number of the page to read next; None at the end.

        Raises:
            DecodeError: the server repeats itself without end, leaves out pages, or changed the page size
                under way.
        """
        fresh = self._unseen(page)
        self._given += len(fresh.items) + len(fresh.failed)
        now, before = page.pagination, self._last
        if before is None:
            before = now
        elif now.total == 0 and not now.has_next_page:
            return fresh, self._after_no_page(number, before)
        if now.current_page > number:
            # Whoever echoes another number than was asked for may count otherwise; but this skips a page.
            raise self._broken("currentPage", str(number), now.current_page)
        if now.page_size > before.page_size:
            raise self._broken("page_size", f"{before.page_size} as before", now.page_size)
        self._last = now
        moved_by = math.ceil(abs(now.total - before.total) / max(now.page_size, 1))
        if moved_by:
            # What came or went leaves this many pages, here or further on, with nothing new.
            self._excuses += moved_by + 1
        shrunk = now.total < before.total
        if not now.has_next_page and not shrunk:
            self._check_end(number, page, fresh)
            return fresh, None
        self._last_length = len(page.items)
        self._check_progress(number, now, fruitful=bool(fresh.items or fresh.failed))
        return fresh, max(1, number - moved_by) if shrunk else number + 1

    def _after_no_page(self, number: int, before: PaginationInfo) -> int | None:
        """Tell what follows "no page is available": the page before, whose end may have slid back.

        If that is gone too, the list has shrunk by more than a page, and is read from its beginning; if that
        is as it was, nothing follows, and all that was announced should have come.
        """
        if number == 1:
            return None
        if self._ended_at is None:
            following = number - 1
        elif number < self._ended_at:
            following = 1
        elif self._given < before.total:
            raise self._broken("total", f"{before.total} as before, for {self._given} were sent", 0)
        else:
            return None
        self._ended_at = number
        self._excuses += number
        return following

    def _unseen(self, page: Page[T]) -> Page[T]:
        if page.failed:
            page = self._unseen_failures(page)
        keys = [self._key(item) for item in page.items]
        fresh_keys = set(keys)
        if len(fresh_keys) == len(keys) and self._seen.isdisjoint(fresh_keys):
            self._remember(keys)
            return page
        fresh = {key: item for key, item in zip(keys, page.items, strict=True) if key not in self._seen}
        self._remember(list(fresh))
        return evolve(page, items=tuple(fresh.values()))

    def _unseen_failures(self, page: Page[T]) -> Page[T]:
        failed = {("failed", item.image_id): item for item in page.failed}
        fresh = {key: item for key, item in failed.items() if key not in self._seen}
        self._remember(list(fresh))
        return evolve(page, failed=tuple(fresh.values()))

    def _remember(self, keys: list[Hashable]) -> None:
        self._seen.update(keys)
        self._seen_in_order.append(keys)
        while len(self._seen) > REMEMBERED and len(self._seen_in_order) > 1:
            self._seen.difference_update(self._seen_in_order.popleft())

    def _check_end(self, number: int, page: Page[T], fresh: Page[T]) -> None:
        """Refuse a page sent again in place of the last one; items slid over its border would be fewer."""
        if fresh.items or self._excuses or not 1 < self._last_length <= len(page.items):
            return
        expected = f"{number}, with items not sent before"
        raise self._broken("currentPage", expected, page.pagination.current_page)

    def _check_progress(self, number: int, now: PaginationInfo, *, fruitful: bool) -> None:
        self._pages += 1
        self._largest_total = max(self._largest_total, now.total)
        self._fruitful += fruitful
        self._fruitless = 0 if fruitful else self._fruitless + 1
        self._excuses -= not fruitful
        if self._excuses < 0 or self._fruitless > self._fruitful + _PATIENCE:
            raise self._broken("hasNextPage", "false, or items not sent before", True)
        pages = math.ceil(self._largest_total / max(now.page_size, 1))
        left = now.total - number * now.page_size
        self._standing = 0 if left < self._least_left else self._standing + 1
        self._least_left = min(left, self._least_left)
        if self._pages > 2 * pages + _PATIENCE or self._standing > _STANDSTILL:
            raise self._broken("hasNextPage", f"false by page {self._pages}, as the totals have it", True)

    def _broken(self, key: str, expected: str, received: object) -> Exception:
        # Whether it came flat or in the envelope is long forgotten here.
        path = f"$.data.pagination.{key}"
        error = contract_error(Reply(200), self._endpoint, path, expected, received)
        error.request_id = self._request_id
        return error
