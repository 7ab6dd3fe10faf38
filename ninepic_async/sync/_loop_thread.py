"""An event loop in a thread of its own, from its start to its end."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from ninepic_async.errors import ConfigError

T = TypeVar("T")

log: Final = logging.getLogger("ninepic_async")

_LOOK_FOR_SIGNALS_S: Final = 0.1
"""A signal does not wake a thread that was about to sleep, nor any on Windows: get up now and then, so that
Ctrl-C is never left lying."""
_CANCEL_WITHIN_S: Final = 2.0
_EXIT_WITHIN_S: Final = 2.0


class LoopThread:
    """An event loop that runs until it is told to stop. Knows nothing of who uses it.

    Other threads meet it at queues and locks that are one call into C, and at no `Condition`, nor what is
    made of one, such as `Future` and `Event`: Ctrl-C at the wrong moment leaves its lock taken, and whoever
    comes next, such as the loop, waits for good.

    Args:
        at_end: what to await last, in the loop.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]]) -> None:
        self.has_ended = False
        self._at_end = at_end
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun: SimpleQueue[BaseException | None] = SimpleQueue()
        self._is_to_stop = False
        self._stopping = asyncio.Event()
        # asyncio itself holds a task weakly, and whoever walked through a list may be garbage by now.
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="ninepic-sync", daemon=True)

    @property
    def is_current(self) -> bool:
        """Whether the caller is on this very thread."""
        return threading.current_thread() is self._thread

    def start(self) -> None:
        """Begin.

        Raises:
            ConfigError: there are too many threads or open files.
        """
        try:
            self._thread.start()
        except RuntimeError as error:
            raise _cannot_start(error) from error
        if (failure := self.take(self._begun)) is not None:
            raise _cannot_start(failure) from failure

    def begin(self, start: Callable[[], asyncio.Task[Any]]) -> None:
        """Start a task in the loop, in a copy of the caller's context. Never waits.

        Raises:
            ConfigError: the loop has ended.
        """
        if not self.soon(partial(self._keep, start)):
            raise ConfigError("the client's loop has ended: make a new NinePic")

    def soon(self, act: Callable[[], object]) -> bool:
        """Do something in the loop, unless it has ended. Never waits, so that any finalizer may call it."""
        # The pipe that wakes the loop is shared with the process that this one was forked from.
        if self._loop is not None and self._process == os.getpid():
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(act)
                return True
        return False

    def take(self, queue: SimpleQueue[T | None]) -> T | None:
        """Wait, in another thread, for what the loop puts into a queue; None where it has ended.

        Raises:
            CancelledError: the task that blocks here was cancelled, as `asyncio.run` does on Ctrl-C.
        """
        cancelled_before = _cancellations()
        while True:
            with suppress(Empty):
                return queue.get(timeout=_LOOK_FOR_SIGNALS_S)
            if self.has_ended:
                return None if queue.empty() else queue.get()
            if _cancellations() > cancelled_before:
                raise asyncio.CancelledError

    def stop(self) -> None:
        """Ask it to end, perhaps before it began. Never waits."""
        self._is_to_stop = True  # before the look for a loop: it looks here once there is one
        self.soon(self._stopping.set)

    def abandon(self) -> None:
        """Stop it without what it was to await at its end."""
        self._at_end = nothing
        self.stop()

    def join(self, within_s: float) -> None:
        """Wait for the end."""
        self._thread.join(within_s)

    def _keep(self, start: Callable[[], asyncio.Task[Any]]) -> None:
        task = start()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._is_to_stop:
            task.cancel()

    def _run(self) -> None:
        _running.add(self)
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve())
        except (Exception, SystemExit) as error:
            # At its end, such as the executor that can't be shut down any more while the interpreter exits.
            log.debug("the loop of a blocking client ended in %r", error)
            self._begun.put(error)
        finally:
            self.has_ended = True
            _running.discard(self)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun.put(None)
        if not self._is_to_stop:
            await self._stopping.wait()
        # These alone, as each ends what it began; a task group's child that never ran would complain.
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CANCEL_WITHIN_S)
        await self._at_end()


def _cancellations() -> int:
    """Tell how often the task was cancelled that this thread runs, where it runs a loop."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return 0
    return task.cancelling() if task is not None else 0


async def nothing() -> None:
    """Await nothing, where there is nothing to be done last."""


def _cannot_start(error: BaseException) -> ConfigError:
    return ConfigError(f"the thread of the blocking client can't start: {error}")


def vanish_at_exit() -> None:
    """Stop here in a daemon thread while the interpreter exits: an error would only make it complain."""
    if _is_exiting.locked() and threading.current_thread() is not threading.main_thread():
        _is_exiting.acquire()


_is_exiting: Final = threading.Lock()
_running: set[LoopThread] = set()


def _stop_all() -> None:
    _is_exiting.acquire()
    threads = tuple(_running)
    for thread in threads:
        thread.stop()
    deadline = time.monotonic() + _EXIT_WITHIN_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    # The threads did not come along, and neither did anybody who could close their sockets: leave them be.
    os.register_at_fork(after_in_child=_running.clear)
