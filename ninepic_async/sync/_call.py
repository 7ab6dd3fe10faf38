"""One call under way in the loop, as seen from the thread that made it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from ninepic_async.errors import APIConnectionError
from ninepic_async.sync._loop_thread import LoopThread

T = TypeVar("T")


class Call(Generic[T]):
    """A coroutine on its way, which can be given up at any moment, be it before it began.

    Args:
        begin: makes the coroutine, in the loop.
        told: gets a None when it is done, behind what the coroutine itself put there.
    """

    def __init__(
        self, begin: Callable[[], Coroutine[Any, Any, T]], told: SimpleQueue[Any] | None = None
    ) -> None:
        self._begin = begin
        self.told: SimpleQueue[Any] = SimpleQueue() if told is None else told
        self._task: asyncio.Task[T] | None = None
        self._is_given_up = False

    def start(self) -> asyncio.Task[T]:
        """Begin, in the loop, unless it was given up meanwhile."""
        self._task = asyncio.ensure_future(self._begin())
        self._task.add_done_callback(self._settle)
        # Not before: who gives up looks for a task to cancel. Cancelled here, it does not begin.
        if self._is_given_up:
            self._task.cancel()
        return self._task

    def outcome(self) -> T:
        """Give what came of it, once it is done or the loop has ended.

        Raises:
            APIConnectionError: it was cancelled.
        """
        if self._task is None or not self._task.done() or self._task.cancelled():
            raise APIConnectionError("the client was closed while this call was under way")
        return self._task.result()

    def give_up(self, thread: LoopThread) -> None:
        """Cancel it in that thread, unless it is done. Never waits, and any thread may do it."""
        self._is_given_up = True
        if self._task is not None and not self._task.done():
            thread.soon(self._task.cancel)

    def _settle(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # seen, be it that nobody waits any more; asyncio would log it otherwise
        self.told.put(None)
