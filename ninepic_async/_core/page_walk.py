"""Combine the pages of a list that changes while it is read: each item once, and always an end. No I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from attrs import evolve

from ninepic_async._contract.body import contract_error
from ninepic_async._contract.messages import Reply
from ninepic_async._contract.paging import EstimatedPagination
from ninepic_async.errors import DecodeError
from ninepic_async.models import Page, PaginationInfo

T = TypeVar("T")

REMEMBERED: Final = 10_000
"""Items remembered to recognize repeats. The number is fixed, so that memory does not grow with the list."""
_PATIENCE: Final = 100
"""The list counts as endless if it has this many pages more than twice the announced number, or if the pages
without new items exceed the pages with new items by this many."""
_STANDSTILL: Final = 10 * _PATIENCE
"""The list counts as endless after this many pages in a row without getting nearer to its end. A slow reader
can see some hundred such pages while many photographers upload."""
_EMPTY_IN_A_ROW: Final = 10
"""Allowed pages in a row without new items, if no change of the list explains them."""
_FUTILE_RETREATS: Final = 20
"""After this many steps back in a row that found nothing, a falling total counts as unreliable."""


class PageWalk(Generic[T]):
    """Combines pages that were fetched at different times into one list.

    The list is ordered, and can grow or shrink while it is read. If it grows, an item can be on two pages,
    and the second copy is dropped. If it shrinks, or if pages get larger, unseen items move to earlier pages,
    so the walk goes back. It returns all items that it can get, and raises at the end if the totals prove
    that items are missing.
    """

    def __init__(self, endpoint: str, key: Callable[[T], Hashable], request_id: str | None = None) -> None:
        self._endpoint = endpoint
        self._request_id = request_id
        self._items: _SeenItems[T] = _SeenItems(key)
        self._totals = _Totals()
        self._position = 0
        """An index in the list. All items before it have been read."""
        self._previous: PaginationInfo | None = None
        self._previous_length = 0
        self._ended: tuple[int, int | None] | None = None
        """The page that was not available, and the total that was known then."""
        self._endings = 0
        self._missing: DecodeError | None = None
        self._retreats = 0
        self._pages = 0
        self._expected_repeats = 0
        self._unexpected_repeats = 0
        self._pages_with_new = 0
        self._pages_without_new = 0
        self._no_nearer = 0
        self._least_left = math.inf

    @property
    def total(self) -> int:
        """The last total that the server gave; 0 if there was none."""
        return self._totals.last or 0

    def take(self, number: int, page: Page[T]) -> tuple[Page[T], int | None]:
        """Add a page to the list.

        Args:
            number: the page's number.
            page: the page.

        Returns:
            The page with its new items, and the number of the page to read next; None at the end.

        Raises:
            DecodeError: the server sends the same items without end, or skips a page.
        """
        now = page.pagination
        if self._previous is not None and now.total == 0 and not now.has_next_page and not page.items:
            return page, self._after_no_page(number)
        if now.current_page > number and self._previous is not None:
            # A lower number may be another way to count, but a higher one skips a page.
            raise self._broken("currentPage", str(number), now.current_page)
        fresh = self._items.unseen(page)
        has_new = bool(fresh.items or fresh.failed)
        if has_new:
            self._retreats, self._ended = 0, None
        size = max(now.page_size, 1)
        shrunk_by = self._note_total(now, size)
        if number * size <= self._position:
            self._expected_repeats += 1  # pages have become smaller, so all of this page was read before
        following = self._following(number, size, now, page, shrunk_by)
        if following is None:
            self._check_end(number, page, has_new=has_new)
        else:
            self._check_progress(number, size, now, has_new=has_new)
        self._previous, self._previous_length = now, len(page.items)
        return fresh, following

    def finish(self) -> None:
        """Check, after the last page, that nothing is missing.

        Raises:
            DecodeError: the server sent fewer items than its totals announce.
        """
        if self._missing is not None:
            raise self._missing

    def _note_total(self, now: PaginationInfo, size: int) -> int:
        """Return by how much the list has shrunk since the page before."""
        if isinstance(now, EstimatedPagination):
            return 0
        before = self._totals.note(now.total)
        moved_by = math.ceil(abs(now.total - before) / size)
        if moved_by:
            # Because of the change, this many pages can be without new items, now or later.
            self._expected_repeats += moved_by + 1
        return max(before - now.total, 0)

    def _following(
        self, number: int, size: int, now: PaginationInfo, page: Page[T], shrunk_by: int
    ) -> int | None:
        start = (number - 1) * size
        if shrunk_by and self._retreats < _FUTILE_RETREATS:
            self._retreats += 1
            self._position = max(0, min(self._position, start) - shrunk_by)
        elif start > self._position and self._retreats < _FUTILE_RETREATS:
            # Pages have become larger, so this page starts after items that were not read.
            self._retreats += 1
            self._expected_repeats += number
        elif now.has_next_page:
            self._position = max(self._position, number * size)
        else:
            return None
        return max(1, min(self._position // size + 1, number + 1))

    def _after_no_page(self, number: int) -> int | None:
        """Return the page to read after a reply that means "no page is available".

        The previous page may show that the list's end has moved back. If that page is missing too, the list
        has shrunk by more than a page, and is read again from its start. If nothing has changed, this is the
        end.
        """
        state = (number, self._totals.last)
        self._endings += 1
        if number == 1 or state == self._ended or self._endings > _PATIENCE:
            if number > 1:
                self._check_complete(0)
            return None
        is_far_back = self._ended is not None and number < self._ended[0]
        following = 1 if is_far_back else number - 1
        size = 1 if self._previous is None else max(self._previous.page_size, 1)
        self._ended = state
        self._position = (following - 1) * size
        self._expected_repeats += number
        return following

    def _check_end(self, number: int, page: Page[T], *, has_new: bool) -> None:
        """Check that the last page is not an earlier one, and that nothing is missing."""
        is_repeat = not has_new and 1 < self._previous_length <= len(page.items)
        is_complete = self._totals.least is not None and self._items.given >= self._totals.least
        if is_repeat and not is_complete and not self._expected_repeats and self._totals.are_stable:
            expected = f"{number}, with items not sent before"
            self._missing = self._broken("currentPage", expected, page.pagination.current_page)
        else:
            self._check_complete(self._totals.last)

    def _check_complete(self, received: int | None) -> None:
        seen = self._items
        sent = seen.given + (seen.scattered_repeats if self._totals.are_stable else seen.repeats)
        least = self._totals.least
        if least is not None and sent < least:
            expected = f"{least} as before, but only {seen.given} items were sent"
            self._missing = self._broken("total", expected, received)

    def _check_progress(self, number: int, size: int, now: PaginationInfo, *, has_new: bool) -> None:
        self._pages += 1
        self._pages_with_new += has_new
        self._pages_without_new = 0 if has_new else self._pages_without_new + 1
        announced = math.ceil(self._totals.largest / size)
        if has_new:
            self._unexpected_repeats = 0
        elif self._expected_repeats:
            self._expected_repeats -= 1
        else:
            self._unexpected_repeats += 1
            is_past_end = now.has_next_page and self._totals.are_stable and number >= announced
            if is_past_end or self._unexpected_repeats > _EMPTY_IN_A_ROW:
                raise self._broken("hasNextPage", "false, or items not sent before", True)
        left = now.total - number * size
        self._no_nearer = 0 if left < self._least_left else self._no_nearer + 1
        self._least_left = min(left, self._least_left)
        if self._pages_without_new > self._pages_with_new + _PATIENCE:
            raise self._broken("hasNextPage", "false, or items not sent before", True)
        if self._totals.last is not None and self._pages > 2 * announced + _PATIENCE:
            raise self._broken("hasNextPage", f"false by page {self._pages}, according to the totals", True)
        if self._totals.last is not None and self._no_nearer > _STANDSTILL:
            raise self._broken("hasNextPage", f"false by page {self._pages}, according to the totals", True)

    def _broken(self, key: str, expected: str, received: object) -> DecodeError:
        # The walk does not know whether the reply was flat or in the envelope.
        path = f"$.data.pagination.{key}"
        error = contract_error(Reply(200), self._endpoint, path, expected, received)
        error.request_id = self._request_id
        return error


class _Totals:
    """The totals that the server has given."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.least: int | None = None
        self.largest = 0
        self.are_stable = True

    def note(self, total: int) -> int:
        """Store a total, and return the one before."""
        before = total if self.last is None else self.last
        self.are_stable = self.are_stable and total == before
        self.last = total
        self.least = total if self.least is None else min(self.least, total)
        self.largest = max(self.largest, total)
        return before


class _SeenItems(Generic[T]):
    """The items that were on earlier pages.

    Attributes:
        given: how many different items there were.
        repeats: how many were sent again.
        scattered_repeats: how many were sent again alone, or on a page that also had new items.
    """

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        self._key = key
        self._seen: set[Hashable] = set()
        self._in_order: deque[list[Hashable]] = deque()
        self.given = 0
        self.repeats = 0
        self.scattered_repeats = 0

    def unseen(self, page: Page[T]) -> Page[T]:
        """Return a page with its new items only."""
        fresh = self._without_seen(page)
        new = len(fresh.items) + len(fresh.failed)
        repeats = len(page.items) + len(page.failed) - new
        self.given += new
        self.repeats += repeats
        self.scattered_repeats += repeats if new or repeats == 1 else 0
        return fresh

    def _without_seen(self, page: Page[T]) -> Page[T]:
        if page.failed:
            page = self._without_seen_failures(page)
        keys = [self._key(item) for item in page.items]
        fresh_keys = set(keys)
        if len(fresh_keys) == len(keys) and self._seen.isdisjoint(fresh_keys):
            self._remember(keys)
            return page
        fresh = {key: item for key, item in zip(keys, page.items, strict=True) if key not in self._seen}
        self._remember(list(fresh))
        return evolve(page, items=tuple(fresh.values()))

    def _without_seen_failures(self, page: Page[T]) -> Page[T]:
        failed = {("failed", item.image_id): item for item in page.failed}
        fresh = {key: item for key, item in failed.items() if key not in self._seen}
        self._remember(list(fresh))
        return evolve(page, failed=tuple(fresh.values()))

    def _remember(self, keys: list[Hashable]) -> None:
        self._seen.update(keys)
        self._in_order.append(keys)
        while len(self._seen) > REMEMBERED and len(self._in_order) > 1:
            self._seen.difference_update(self._in_order.popleft())
