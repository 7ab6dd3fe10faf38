"""A thread in which anyio runs an event loop, and the calls that other threads start there.

Threads meet at `SimpleQueue` and at plain locks, which are single calls into C. Never use a `Condition` here,
nor what is made of one (`Event`, `Future`): Ctrl-C inside it can leave its lock taken for good.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar, cast

import anyio
import anyio.abc
from attrs import define, field

from ninepic_async.errors import APIConnectionError, ConfigError

T = TypeVar("T")

_LOOK_FOR_SIGNALS_S: Final = 0.1
"""A signal does not wake a thread that is about to sleep, nor any thread on Windows: wake up now and then."""


@define(eq=False)
class Outcome(Generic[T]):
    """The last message of a call: its result or its error."""

    value: T | None = None
    error: BaseException | None = None

    def get(self) -> T:
        """Return the result, or raise the error and forget it: its traceback refers to this frame."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
            return cast("T", self.value)
        finally:
            del error


@define(eq=False)
class Call(Generic[T]):
    """A coroutine function for the loop. Any thread may cancel it at any time, even before it starts.

    It sends an `Outcome` as its last message. What it sends before that is up to the function.
    """

    _function: Callable[[], Awaitable[T]]
    messages: SimpleQueue[Any] = field(factory=SimpleQueue)
    _is_cancelled: bool = False
    _is_done: bool = False
    _scope: anyio.CancelScope | None = None

    async def run(self) -> None:
        """Run it in the loop, in a cancel scope of its own."""
        outcome: Outcome[T] = _closed()
        try:
            with anyio.CancelScope() as self._scope:
                # `cancel` sets the flag before it looks for the scope: one of the two sees the other.
                if not self._is_cancelled:
                    outcome = Outcome(await self._function())
        except asyncio.CancelledError as error:
            # The loop ends; or the function cancelled itself, which must not cancel the whole task group.
            outcome = _closed(**getattr(error, "call", {}))
        except Exception as error:
            outcome = Outcome(error=error)
        finally:
            self._is_done = True
            self.messages.put(outcome)

    def cancel(self, thread: LoopThread) -> None:
        """Cancel it unless it is done. Never waits."""
        self._is_cancelled = True
        if self._scope is not None and not self._is_done:
            thread.soon(self._scope.cancel)


@define(eq=False)
class Stream(Generic[T]):
    """The items of an async iterator, as messages for a reader in another thread.

    The second item is made only when asked for: reading one costs no more than one. Later ones are made one
    ahead, so that a reader who takes them as fast as they come never has to wake the loop.
    """

    _items: AsyncIterator[T]
    messages: SimpleQueue[Any] = field(factory=SimpleQueue)
    _asked: int = 0
    _made: int = 0
    _asked_again: anyio.Event | None = None

    async def fill(self) -> None:
        """Read the iterator, in the loop, as far as is wanted."""
        async with aclosing(cast("AsyncGenerator[T, None]", self._items)) as items:
            async for item in items:
                self.messages.put(item)
                self._made += 1
                while not self._is_wanted():
                    self._asked_again = anyio.Event()
                    # `take` counts before it looks for the event: one of the two sees the other.
                    if not self._is_wanted():
                        await self._asked_again.wait()
                    self._asked_again = None

    def take(self, thread: LoopThread) -> T | Outcome[None]:
        """Ask for one more item, and wait for it in the reader's thread."""
        self._asked += 1
        if (waiting := self._asked_again) is not None:
            thread.soon(waiting.set)
        return cast("T | Outcome[None]", thread.take(self.messages))

    def _is_wanted(self) -> bool:
        return self._made - self._asked < (0 if self._made == 1 else 1)


class LoopThread(threading.Thread):
    """A daemon thread whose loop runs until it is told to stop.

    Args:
        at_end: awaited last, in the loop.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]]) -> None:
        super().__init__(name="ninepic-sync", daemon=True)
        self.has_ended = False
        self._at_end = at_end
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls: anyio.abc.TaskGroup | None = None
        self._begun: SimpleQueue[Outcome[None]] = SimpleQueue()
        self._is_to_stop = False

    def begin(self) -> None:
        """Start the thread, and wait until its loop runs.

        Raises:
            ConfigError: the system has no thread or file left for it.
        """
        try:
            self.start()
        except RuntimeError as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # it can break the Condition in `start`
                raise error.__context__ from None
            raise _cannot_start(error) from error
        self.take(self._begun).get()

    def run(self) -> None:
        """Run the loop, in this thread."""
        running.add(self)
        try:
            _check_no_loop_runs_here()
            anyio.run(self._serve)
        except (Exception, SystemExit) as error:
            self._begun.put(Outcome(error=_cannot_start(error)))
        finally:
            self.has_ended = True
            running.discard(self)

    def stop(self, *, at_once: bool = False) -> None:
        """Cancel all calls and ask the loop to end. Never waits.

        Args:
            at_once: skip what was to be awaited last.
        """
        if at_once:
            self._at_end = nothing
        self._is_to_stop = True  # `_serve` looks at it once there are calls to cancel
        if self._calls is not None:
            self.soon(self._calls.cancel_scope.cancel)

    def make(self, call: Call[Any]) -> None:
        """Start a call, in a copy of the caller's context. Never waits.

        Raises:
            ConfigError: the loop has ended.
        """
        if not self.soon(partial(self._make, call)):
            raise ConfigError("the client's loop has ended: make a new NinePic")

    def soon(self, act: Callable[[], object]) -> bool:
        """Do something in the loop, unless it has ended. Never waits, so that any finalizer may call it."""
        # After a fork the pipe that wakes the loop is the parent's.
        if self._loop is not None and self._process == os.getpid():
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(act)
                return True
        return False

    def take(self, messages: SimpleQueue[Any]) -> Any:
        """Wait, in another thread, for a message from the loop.

        Raises:
            CancelledError: the task that blocks here was cancelled, as `asyncio.run` does on Ctrl-C.
        """
        cancelled_before = _cancellations()
        while True:
            with suppress(Empty):
                return messages.get(timeout=_LOOK_FOR_SIGNALS_S)
            if self.has_ended:
                return _closed() if messages.empty() else messages.get()
            if _cancellations() > cancelled_before:
                raise asyncio.CancelledError

    def _make(self, call: Call[Any]) -> None:
        if self._calls is None or self._calls.cancel_scope.cancel_called:
            call.messages.put(_closed())
        else:
            self._calls.start_soon(call.run)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with anyio.create_task_group() as self._calls:
            if self._is_to_stop:
                self._calls.cancel_scope.cancel()
            self._begun.put(Outcome())
            await anyio.sleep_forever()
        await self._at_end()


running: Final[set[LoopThread]] = set()


async def nothing() -> None:
    """Await nothing."""


def _closed(**call: Any) -> Outcome[Any]:
    return Outcome(error=APIConnectionError("the client was closed while this call was under way", **call))


def _check_no_loop_runs_here() -> None:
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise ConfigError(
            "another event loop runs in this thread, since gevent or eventlet makes one thread of all: "
            "share one NinePic instead of a second one, or close the first"
        )


def _cannot_start(error: BaseException) -> ConfigError:
    refusal = ConfigError(f"the thread of the blocking client can't start: {error}")
    refusal.__cause__ = error
    return refusal


def _cancellations() -> int:
    """Count how often the task that runs in this thread, if one does, was cancelled."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return 0
    return task.cancelling() if task is not None else 0
