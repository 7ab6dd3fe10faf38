"""A thread in which anyio runs an event loop, with a task group for the calls of other threads."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Final

import anyio
import anyio.abc

from ninepic_async.errors import ConfigError
from ninepic_async.sync._handover import Call, Outcome, closed, receive


class LoopThread(threading.Thread):
    """A daemon thread whose event loop runs until `stop` is called.

    Args:
        at_end: awaited in the loop at its end.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]]) -> None:
        super().__init__(name="ninepic-sync", daemon=True)
        self.has_ended = False
        self._at_end = at_end
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls: anyio.abc.TaskGroup | None = None
        self._started_message: SimpleQueue[Outcome[None]] = SimpleQueue()
        self._stop_requested = False

    def begin(self) -> None:
        """Start the thread, and wait until its loop runs.

        Raises:
            ConfigError: the system has no thread or file descriptor left.
        """
        try:
            self.start()
        except RuntimeError as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # Ctrl-C can break the Condition in `start`
                raise error.__context__ from None
            raise _cannot_start(error) from error
        receive(self._started_message, self).get()

    def run(self) -> None:
        """Run the loop in this thread."""
        running.add(self)
        try:
            _check_no_loop_runs_here()
            anyio.run(self._serve)
        except (Exception, SystemExit) as error:
            self._started_message.put(Outcome(error=_cannot_start(error)))
        finally:
            self.has_ended = True
            running.discard(self)

    def stop(self, *, at_once: bool = False) -> None:
        """Cancel all calls, and end the loop. Does not block.

        Args:
            at_once: whether to skip `at_end`.
        """
        if at_once:
            self._at_end = nothing
        self._stop_requested = True  # `_serve` reads it after it has created the task group
        if self._calls is not None:
            self.soon(self._calls.cancel_scope.cancel)

    def make(self, call: Call[Any]) -> None:
        """Start a call, in a copy of the caller's context. Does not block.

        Raises:
            ConfigError: the loop has ended.
        """
        if not self.soon(partial(self._make, call)):
            raise ConfigError("the client's loop has ended: make a new NinePic")

    def soon(self, act: Callable[[], object]) -> bool:
        """Call a function in the loop, unless the loop has ended. Does not block: finalizers call it too."""
        # After a fork, the pipe that wakes the loop belongs to the parent.
        if self._loop is not None and self._process == os.getpid():
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(act)
                return True
        return False

    def _make(self, call: Call[Any]) -> None:
        if self._calls is None or self._calls.cancel_scope.cancel_called:
            call.messages.put(closed())
        else:
            self._calls.start_soon(call.run)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with anyio.create_task_group() as self._calls:
            if self._stop_requested:
                self._calls.cancel_scope.cancel()
            self._started_message.put(Outcome())
            await anyio.sleep_forever()
        await self._at_end()


running: Final[set[LoopThread]] = set()


async def nothing() -> None:
    """Do nothing."""


def _check_no_loop_runs_here() -> None:
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise ConfigError(
            "another event loop runs in this thread, because gevent or eventlet runs all threads as one: "
            "share one NinePic instead of a second one, or close the first"
        )


def _cannot_start(error: BaseException) -> ConfigError:
    refusal = ConfigError(f"the thread of the blocking client can't start: {error}")
    refusal.__cause__ = error
    return refusal
