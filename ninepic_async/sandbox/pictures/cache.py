"""A cache of pictures, limited in bytes; concurrent requests for one picture make it once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from typing import Final

BYTES_KEPT: Final = 64 * 1024 * 1024


class PictureCache:
    """Makes pictures in threads and keeps the most recently used ones."""

    def __init__(self, threads: Executor, bytes_kept: int = BYTES_KEPT) -> None:
        self._threads = threads
        self._bytes_kept = bytes_kept
        self._size = 0
        self._done: OrderedDict[Hashable, bytes] = OrderedDict()
        self._in_progress: dict[Hashable, asyncio.Future[bytes]] = {}

    async def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the picture under ``key``; make it if it is missing."""
        if key in self._done:
            self._done.move_to_end(key)
            return self._done[key]
        making = self._in_progress.get(key)
        if making is None:
            making = asyncio.get_running_loop().run_in_executor(self._threads, make)
            self._in_progress[key] = making
            making.add_done_callback(lambda made: self._keep(key, made))
        # Shield: a cancelled caller must not cancel the picture for the others.
        return await asyncio.shield(making)

    def _keep(self, key: Hashable, made: asyncio.Future[bytes]) -> None:
        self._in_progress.pop(key, None)
        if made.cancelled() or made.exception() is not None:
            return
        self._done[key] = made.result()
        self._size += len(made.result())
        while self._size > self._bytes_kept and len(self._done) > 1:
            self._size -= len(self._done.popitem(last=False)[1])
