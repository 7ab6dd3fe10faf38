from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ninepic_async.sandbox.pictures.cache import PictureCache


async def test_picture_is_made_once_and_the_oldest_is_dropped() -> None:
    made: list[str] = []

    def make(name: str) -> bytes:
        made.append(name)
        return b"x" * 40

    with ThreadPoolExecutor(2) as threads:
        cache = PictureCache(threads, bytes_kept=100)
        await asyncio.gather(*(cache.get("a", lambda: make("a")) for _ in range(5)))
        assert made == ["a"]
        for name in "bac":
            await cache.get(name, partial(make, name))
        assert made == ["a", "b", "c"]
        await cache.get("b", lambda: make("b"))
        assert made == ["a", "b", "c", "b"]


async def test_failed_picture_is_made_again() -> None:
    def fail() -> bytes:
        raise ValueError("no")

    with ThreadPoolExecutor(1) as threads:
        cache = PictureCache(threads)
        with pytest.raises(ValueError, match="no"):
            await cache.get("a", fail)
        assert await cache.get("a", lambda: b"yes") == b"yes"
