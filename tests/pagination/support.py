"""Canned lists and servers for the tests of paging."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from ninepic_async import (
    ImageItem,
    Page,
    PaginationInfo,
)
from ninepic_async._contract.messages import Reply, Request
from tests.canned import Rig, gallery, images, pagination, rig

AHEAD_AT_MOST = 8
"""Pages under way at the same time, for anybody who reads on."""


def ids(photos: list[ImageItem]) -> list[int]:
    return [int(photo.image_id.removeprefix("photo-")) for photo in photos]


def page_number(request: Request) -> int:
    return int(request.query["page"])


def no_page() -> dict[str, Any]:
    """What some servers say beyond the end of a list, or always when there is nothing."""
    return images([], {**pagination(0, 1, 32), "currentPage": 0, "totalPages": 0})


def cut(photos: list[int], page: int, size: int) -> Page[int]:
    more = page * size < len(photos)
    return Page(
        items=photos[(page - 1) * size : page * size],
        pagination=PaginationInfo(
            total=len(photos),
            current_page=page,
            total_pages=math.ceil(len(photos) / size),
            has_next_page=more,
            has_previous_page=page > 1,
            page_size=size,
        ),
    )


async def slow_server(total: int = 10_000) -> Rig:
    async def answer(request: Request) -> Reply:
        for _ in range(3 if page_number(request) > 1 else 0):
            await asyncio.sleep(0)
        return gallery(total, request)

    return rig(answer)
