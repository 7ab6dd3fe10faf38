"""What goes back and forth during a call: blocking lists as arguments, and reports of progress."""

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
"""Progress that a slow caller has not read yet. Older progress is dropped."""


class _ExitError(Exception):
    """Carries a `SystemExit` through the loop, which would end with it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def in_the_loop(value: Any) -> Any:
    """Return what the async face can read in place of a blocking list or iterable.

    What is in memory already is passed on as it is. So is what can't be read: the async face refuses it.
    """
    if isinstance(value, Face | FaceSearch):
        return value._async
    if isinstance(value, Iterator):
        return _read_aside(value)  # can be read once, like the iterator
    if isinstance(value, Iterable) and not isinstance(value, Collection | Memories):
        return _Aside(value)
    return value


@frozen
class _Aside(Generic[T]):
    """An iterable that may block, such as a generator over a blocking list, for the loop to iterate over."""

    items: Iterable[T]

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return _read_aside(self.items)


async def _read_aside(items: Iterable[T]) -> AsyncGenerator[T, None]:
    reader = _Reader(items)
    try:
        while not isinstance(item := await reader.next(), _End):
            yield item
        item.check()
    finally:
        reader.close()


@define
class _End:
    """Comes after the last item of an iterable."""

    error: Exception | None = None

    def check(self) -> None:
        """Raise the error that ended the iterable, and forget it: its traceback refers to this frame."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error


class _Reader(Generic[T]):
    """A daemon thread that reads an iterable from its start to its end, some items ahead.

    One thread for all of it: a generator may hold what belongs to a thread, such as a database connection.
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
            # The thread appends before it looks for the event: one of the two sees the other.
            if not self._read_items:
                await self._arrival.wait()
            self._arrival = None
        self._room.put(None)
        return self._read_items.popleft()

    def close(self) -> None:
        """End the thread as soon as it has the item that it waits for now."""
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
        # If the caller left early, wait a little for the end: the folder is then free for another try.
        with suppress(Empty):
            ended.get(timeout=_END_WITHIN_S)


def _ignore(_: object) -> None: ...
