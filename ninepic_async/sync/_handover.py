"""Pass calls and items between a loop's thread and the threads that wait for them.

The threads communicate by `SimpleQueue` and plain flags, whose operations are single calls into C. Do not use
`Condition`, or classes that contain one (`Event`, `Future`): Ctrl-C inside it can leave its lock locked for
good.
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

_CHECK_SIGNALS_S: Final = 0.1
"""Wake up after this, because a signal does not wake a thread that is about to wait, or any on Windows."""


class Loop(Protocol):
    """An event loop in another thread."""

    has_ended: bool

    def soon(self, act: Callable[[], object]) -> bool:
        """Call a function in the loop, unless the loop has ended. Does not block."""
        ...


@define(eq=False)
class Outcome(Generic[T]):
    """The last message of a call: its result or its error."""

    value: T | None = None
    error: BaseException | None = None

    def get(self) -> T:
        """Return the result, or raise the error. Drop the error: its traceback refers to this frame."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
            return cast("T", self.value)
        finally:
            del error


@define(eq=False)
class Call(Generic[T]):
    """A coroutine function to run in the loop. Any thread may cancel it at any time, even before it starts.

    Its last message is an `Outcome`. The function may send other messages before that.
    """

    _function: Callable[[], Awaitable[T]]
    messages: SimpleQueue[Any] = field(factory=SimpleQueue)
    _is_cancelled: bool = False
    _is_done: bool = False
    _scope: anyio.CancelScope | None = None

    async def run(self) -> None:
        """Run the function in the loop, in its own cancel scope."""
        outcome: Outcome[T] = closed()
        try:
            with anyio.CancelScope() as self._scope:
                # `cancel` sets the flag before it reads the scope, so at least one side sees the other.
                if not self._is_cancelled:
                    outcome = Outcome(await self._function())
        except asyncio.CancelledError as error:
            # The loop ends, or the function has cancelled itself, which must not cancel the task group.
            outcome = closed(**getattr(error, "call", {}))
        except Exception as error:
            outcome = Outcome(error=error)
        finally:
            self._is_done = True
            self.messages.put(outcome)

    def cancel(self, loop: Loop) -> None:
        """Cancel the call unless it is done. Does not block."""
        self._is_cancelled = True
        if self._scope is not None and not self._is_done:
            loop.soon(self._scope.cancel)


@define(eq=False)
class Stream(Generic[T]):
    """The items of an async iterator, as messages for a reader in another thread.

    The second item is produced only on request, so reading one item costs one item. Later items are produced
    one ahead, so that a fast reader does not have to wake the loop for each item.
    """

    _items: AsyncIterator[T]
    messages: SimpleQueue[Any] = field(factory=SimpleQueue)
    _requested: int = 0
    _produced: int = 0
    _wake_up: anyio.Event | None = None

    async def fill(self) -> None:
        """Read the iterator in the loop, as far as the reader has requested."""
        async with aclosing(cast("AsyncGenerator[T, None]", self._items)) as items:
            async for item in items:
                self.messages.put(item)
                self._produced += 1
                while not self._is_wanted():
                    self._wake_up = anyio.Event()
                    # `take` counts before it reads the event, so at least one side sees the other.
                    if not self._is_wanted():
                        await self._wake_up.wait()
                    self._wake_up = None

    def take(self, loop: Loop) -> T | Outcome[None]:
        """Request one more item, and wait for it in the reader's thread."""
        self._requested += 1
        if (waiting := self._wake_up) is not None:
            loop.soon(waiting.set)
        return cast("T | Outcome[None]", receive(self.messages, loop))

    def _is_wanted(self) -> bool:
        return self._produced - self._requested < (0 if self._produced == 1 else 1)


def receive(messages: SimpleQueue[Any], loop: Loop) -> Any:
    """Wait for a message from the loop, in the caller's thread.

    Raises:
        CancelledError: the caller's own asyncio task was cancelled, as `asyncio.run` does on Ctrl-C.
    """
    cancelled_before = _cancellations()
    while True:
        with suppress(Empty):
            return messages.get(timeout=_CHECK_SIGNALS_S)
        if loop.has_ended:
            return closed() if messages.empty() else messages.get()
        if _cancellations() > cancelled_before:
            raise asyncio.CancelledError


def closed(**call: Any) -> Outcome[Any]:
    """Return the outcome of a call that the end of the loop has cancelled."""
    return Outcome(error=APIConnectionError("the client was closed while this call was under way", **call))


def _cancellations() -> int:
    """Return how often the asyncio task of this thread was cancelled; 0 if there is no task."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return 0
    return task.cancelling() if task is not None else 0
