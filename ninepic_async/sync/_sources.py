"""Pass blocking lists into a call of the event loop, and progress back to the caller's thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

from attrs import define, frozen

from ninepic_async.errors import ConfigError
from ninepic_async.memories.result import Memories
from ninepic_async.models import Clip, ImageItem, PresignedUrlItem
from ninepic_async.sync._face import Face
from ninepic_async.sync._portal import Portal
from ninepic_async.sync.pagination import FaceSearch, Pager

T = TypeVar("T")
M = TypeVar("M")

Item = ImageItem | PresignedUrlItem | Clip
Source = Pager[ImageItem] | Pager[PresignedUrlItem] | FaceSearch | Iterable[Item]

_READ_AHEAD: Final = 100
_END_WITHIN_S: Final = 5.0
_MESSAGES_WAITING: Final = 16
"""The largest number of progress messages that wait for a slow caller. Older ones are dropped."""


class _ExitError(Exception):
    """Carries a `SystemExit` through the loop, which a plain `SystemExit` would end."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def in_the_loop(value: Any) -> Any:
    """Return an object that async methods can read in place of a blocking list or iterable.

    Collections in memory are returned unchanged. Invalid values too: the async method raises for them.
    """
    if isinstance(value, Face | FaceSearch):
        return value._async
    if isinstance(value, Iterator):
        return _read_in_thread(value)  # can be read only once, like the iterator
    if isinstance(value, Iterable) and not isinstance(value, Collection | Memories):
        return _ReadInThread(value)
    return value


@frozen
class _ReadInThread(Generic[T]):
    """An async iterable over an iterable that may block, such as a generator over a blocking list."""

    items: Iterable[T]

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return _read_in_thread(self.items)


async def _read_in_thread(items: Iterable[T]) -> AsyncGenerator[T, None]:
    reader = _Reader(items)
    try:
        while not isinstance(item := await reader.next(), _End):
            yield item
        item.check()
    finally:
        reader.close()


@define
class _End:
    """The message after the last item of an iterable."""

    error: Exception | None = None

    def check(self) -> None:
        """Raise the error that ended the iterable. Drop it: its traceback refers to this frame."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error


class _Reader(Generic[T]):
    """A daemon thread that reads an iterable from start to end, some items ahead.

    One thread reads all items: a generator may hold an object of one thread, such as a database connection.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self._loop = asyncio.get_running_loop()
        self._read_items: deque[T | _End] = deque()
        self._arrival: asyncio.Event | None = None
        self._room: SimpleQueue[None] = SimpleQueue()
        self._is_closed = False
        for _ in range(_READ_AHEAD):
            self._room.put(None)
        run = partial(copy_context().run, self._read, items)
        try:
            threading.Thread(target=run, name="ninepic-source", daemon=True).start()
        except RuntimeError as error:
            raise ConfigError(f"no thread can be started to read the source: {error}") from None

    async def next(self) -> T | _End:
        """Wait for the next item."""
        while not self._read_items:
            self._arrival = asyncio.Event()
            # The thread appends before it reads the event, so at least one side sees the other.
            if not self._read_items:
                await self._arrival.wait()
            self._arrival = None
        self._room.put(None)
        return self._read_items.popleft()

    def close(self) -> None:
        """End the thread after the item that it waits for now."""
        self._is_closed = True
        self._room.put(None)

    def _read(self, items: Iterable[T]) -> None:
        iterator = _each(items)
        has_more = True
        while has_more:
            self._room.get()
            if self._is_closed:
                break
            item = _take(iterator)
            has_more = not isinstance(item, _End)
            self._read_items.append(item)
            if (arrival := self._arrival) is not None:
                with suppress(RuntimeError):  # the loop has ended
                    self._loop.call_soon_threadsafe(arrival.set)
            del item
        iterator.close()


def _each(items: Iterable[T]) -> Generator[T, None, None]:
    yield from items


def _take(iterator: Iterator[T]) -> T | _End:
    try:
        return next(iterator, _End())
    except Exception as error:
        return _End(error)
    except BaseException as error:
        return _End(_ExitError(error))


def call_with_progress(
    portal: Portal,
    function: Callable[[Callable[[M], object] | None], Awaitable[T]],
    on_progress: Callable[[M], object] | None,
) -> T:
    """Await a coroutine in the loop, and report its progress in the caller's thread.

    Raises:
        InvalidInputError: ``on_progress`` can't be called.
    """
    ended: SimpleQueue[None] = SimpleQueue()

    async def run(messages: SimpleQueue[M]) -> T:
        from ninepic_async.download.settings import check_on_progress

        check_on_progress(on_progress)

        def put(progress: M) -> None:
            if messages.qsize() >= _MESSAGES_WAITING:
                with suppress(Empty):
                    messages.get_nowait()
            messages.put(progress)

        try:
            return await function(None if on_progress is None else put)
        finally:
            ended.put(None)

    try:
        return portal.follow(run, on_progress or _ignore)
    except _ExitError as error:
        raise error.error from None
    finally:
        # After an early exit, wait a short time for the end, so that the folder is free for another run.
        with suppress(Empty):
            ended.get(timeout=_END_WITHIN_S)


def _ignore(_: object) -> None: ...
