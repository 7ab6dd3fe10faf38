"""Finished pictures, kept within a number of bytes; the same one is never made twice at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from typing import Final

BYTES_KEPT: Final = 64 * 1024 * 1024


class PictureCache:
    """Makes pictures in threads and keeps the ones used last."""

    def __init__(self, threads: Executor, bytes_kept: int = BYTES_KEPT) -> None:
        self._threads = threads
        self._bytes_kept = bytes_kept
        self._size = 0
        self._done: OrderedDict[Hashable, bytes] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Future[bytes]] = {}

    async def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The picture called ``key``, made now if it is not there."""
        if key in self._done:
            self._done.move_to_end(key)
            return self._done[key]
        making = self._under_way.get(key)
        if making is None:
            making = asyncio.get_running_loop().run_in_executor(self._threads, make)
            self._under_way[key] = making
            making.add_done_callback(lambda made: self._keep(key, made))
        # One caller giving up must not take the picture from the others.
        return await asyncio.shield(making)

    def _keep(self, key: Hashable, made: asyncio.Future[bytes]) -> None:
        self._under_way.pop(key, None)
        if made.cancelled() or made.exception() is not None:
            return
        self._done[key] = made.result()
        self._size += len(made.result())
        while self._size > self._bytes_kept and len(self._done) > 1:
            self._size -= len(self._done.popitem(last=False)[1])
