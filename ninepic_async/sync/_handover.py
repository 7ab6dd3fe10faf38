"""The hand-over between a loop's thread and the threads that wait for it: calls, streams and their messages.

Threads meet at `SimpleQueue` and at plain flags, which are single calls into C. Never use a `Condition` here,
nor what is made of one (`Event`, `Future`): Ctrl-C inside it can leave its lock taken for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import anyio
from attrs import define, field

from ninepic_async.errors import APIConnectionError

T = TypeVar("T")

_LOOK_FOR_SIGNALS_S: Final = 0.1
"""A signal does not wake a thread that is about to sleep, nor any thread on Windows: wake up now and then."""


class Loop(Protocol):
    """The event loop in another thread."""

    has_ended: bool

    def soon(self, act: Callable[[], object]) -> bool:
        """Do something in the loop, unless it has ended. Never waits."""


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
        outcome: Outcome[T] = closed()
        try:
            with anyio.CancelScope() as self._scope:
                # `cancel` sets the flag before it looks for the scope: one of the two sees the other.
                if not self._is_cancelled:
                    outcome = Outcome(await self._function())
        except asyncio.CancelledError as error:
            # The loop ends; or the function cancelled itself, which must not cancel the whole task group.
            outcome = closed(**getattr(error, "call", {}))
        except Exception as error:
            outcome = Outcome(error=error)
        finally:
            self._is_done = True
            self.messages.put(outcome)

    def cancel(self, loop: Loop) -> None:
        """Cancel it unless it is done. Never waits."""
        self._is_cancelled = True
        if self._scope is not None and not self._is_done:
            loop.soon(self._scope.cancel)


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

    def take(self, loop: Loop) -> T | Outcome[None]:
        """Ask for one more item, and wait for it in the reader's thread."""
        self._asked += 1
        if (waiting := self._asked_again) is not None:
            loop.soon(waiting.set)
        return cast("T | Outcome[None]", receive(self.messages, loop))

    def _is_wanted(self) -> bool:
        return self._made - self._asked < (0 if self._made == 1 else 1)


def receive(messages: SimpleQueue[Any], loop: Loop) -> Any:
    """Wait, in another thread, for a message from the loop.

    Raises:
        CancelledError: the task that blocks here was cancelled, as `asyncio.run` does on Ctrl-C.
    """
    cancelled_before = _cancellations()
    while True:
        with suppress(Empty):
            return messages.get(timeout=_LOOK_FOR_SIGNALS_S)
        if loop.has_ended:
            return closed() if messages.empty() else messages.get()
        if _cancellations() > cancelled_before:
            raise asyncio.CancelledError


def closed(**call: Any) -> Outcome[Any]:
    """Return the outcome of a call that the end of the loop has cut short."""
    return Outcome(error=APIConnectionError("the client was closed while this call was under way", **call))


def _cancellations() -> int:
    """Count how often the task that runs in this thread, if one does, was cancelled."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return 0
    return task.cancelling() if task is not None else 0
