"""Pagination as servers send it, and as the client shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import field, frozen

from ninepic_async.models import FailedUrlItem, Page, PaginationInfo

T = TypeVar("T")


@frozen(kw_only=True)
class WirePagination:
    """Pagination on the wire. Each key can be missing or null."""

    total: int | None = None
    current_page: int | None = None
    total_pages: int | None = None
    has_next_page: bool | None = None
    has_previous_page: bool | None = None
    page_size: int | None = None
    extra: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class EstimatedPagination(PaginationInfo):
    """Pagination without a usable total from the server: ``total`` counts the items known so far."""

    def __repr__(self) -> str:
        return f"PaginationInfo(total>={self.total}, current_page={self.current_page})"


def pagination_of(wire: WirePagination, number: int, size: int, count: int) -> PaginationInfo:
    """Fill in what a server left out.

    Args:
        wire: what the server sent.
        number: the page that was requested.
        size: the page size that was requested.
        count: the number of items on the page.
    """
    page_size = size if wire.page_size is None or wire.page_size < 0 else wire.page_size
    size = page_size or size
    total = wire.total if wire.total is not None and wire.total >= (1 if count else 0) else None
    has_next = wire.has_next_page
    if has_next is None:
        has_next = _has_next(wire.total_pages, total, number, size, count)
    kind = PaginationInfo
    if total is None:
        kind, total = EstimatedPagination, (number - 1) * size + count + has_next
    pages = wire.total_pages
    return kind(
        total=total,
        current_page=number if wire.current_page is None else wire.current_page,
        total_pages=math.ceil(total / size) if pages is None or pages < 0 else pages,
        has_next_page=has_next,
        has_previous_page=number > 1 if wire.has_previous_page is None else wire.has_previous_page,
        page_size=page_size,
        extra=wire.extra,
    )


def _has_next(pages: int | None, total: int | None, number: int, size: int, count: int) -> bool:
    is_full = count >= size  # only a page that is not full shows that it is the last one
    if pages is not None and pages > 0 and number < pages:
        return True
    if total is not None:
        # More items than there should be: the total is wrong.
        return number * size < total or (is_full and number * size > total)
    return is_full


def page_of(
    items: tuple[T, ...],
    wire: WirePagination,
    number: int,
    size: int,
    extra: Mapping[str, Any],
    reply_bytes: int,
    failed: tuple[FailedUrlItem, ...] = (),
) -> Page[T]:
    """Return a page.

    Args:
        items: the page's items.
        wire: the pagination as the server sent it.
        number: the page that was requested.
        size: the page size that was requested.
        extra: unknown keys of the payload.
        reply_bytes: the size of the reply's body, in bytes.
        failed: originals without a link.
    """
    pagination = pagination_of(wire, number, size, len(items) + len(failed))
    return Page(items=items, failed=failed, pagination=pagination, extra=extra, reply_bytes=reply_bytes)
