"""The pages of a list, on their way from the loop to the thread that reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from ninepic_async.sync._loop_thread import LoopThread

T = TypeVar("T")

_ITEMS_AHEAD: Final = 1


class Stream(Generic[T]):
    """What an async generator in the loop yields, on its way to another thread.

    The second item is not made before it is asked for, so that who looks at one costs no more than that.
    Later ones are made one ahead: who asks for them as fast as they come then never has to wake the loop.

    Args:
        source: makes the generator. It lives and ends in one task.
    """

    def __init__(self, source: Callable[[], AsyncGenerator[T, None]]) -> None:
        self._source = source
        self.arrived: SimpleQueue[T | None] = SimpleQueue()
        self._given = 0
        self._asked = 0
        self._is_waiting = False
        self._asked_again = asyncio.Event()

    async def fill(self) -> None:
        """Read the generator, in the loop, as far as is wanted."""
        async with aclosing(self._source()) as items:
            async for item in items:
                self.arrived.put(item)
                self._given += 1
                if not self._is_wanted():
                    await self._wait_until_wanted()

    def take(self, thread: LoopThread) -> T | None:
        """Wait for the next item, in another thread than that; None at the end."""
        self._asked += 1
        if self._is_waiting:
            thread.soon(self._asked_again.set)
        return thread.take(self.arrived)

    def _is_wanted(self) -> bool:
        return self._given - self._asked < (0 if self._given == 1 else _ITEMS_AHEAD)

    async def _wait_until_wanted(self) -> None:
        # The other thread looks here after it has asked; so say first, and look then what it asked for.
        self._is_waiting = True
        while not self._is_wanted():
            await self._asked_again.wait()
            self._asked_again.clear()
        self._is_waiting = False
