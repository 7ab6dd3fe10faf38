"""One event loop in a thread, and the way into it for every other thread.

anyio's `BlockingPortal` would be the obvious choice. Its ``start_task_soon`` waits for the loop before it
gives a handle: a Ctrl-C in that moment leaves a task that nobody can cancel, a finalizer, which must never
wait, can't use it, and a call that meets the portal's end waits for good.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import logging
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, ParamSpec, TypeVar

from ninepic_async.errors import APIConnectionError, ConfigError

P = ParamSpec("P")
T = TypeVar("T")

log: Final = logging.getLogger("ninepic_async")

_LOOK_FOR_SIGNALS_S: Final = 0.1
"""A signal does not wake a thread that was about to sleep on a lock, nor any on Windows: get up now and then,
so that Ctrl-C is never left lying."""
_CANCEL_WITHIN_S: Final = 2.0
_CLOSE_WITHIN_S: Final = 5.0
_EXIT_WITHIN_S: Final = 2.0


async def _nothing() -> None:
    pass


class _LoopThread:
    """An event loop that runs until it is told to stop. Knows nothing of who uses it."""

    def __init__(self, at_end: Callable[[], Awaitable[None]]) -> None:
        self.loop: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._at_end = at_end
        self._process = os.getpid()
        self._stopping = asyncio.Event()
        self.waiting: set[_Call[Any]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="ninepic-sync", daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller is on this very thread."""
        return threading.get_ident() == self._thread.ident

    @property
    def has_failed(self) -> bool:
        """Whether the loop could not be made."""
        return self.loop.done() and self.loop.exception() is not None

    def stop(self) -> None:
        """Ask it to end. Never waits, so that a finalizer may call it on whatever thread it runs."""
        self._soon(self._stopping.set)

    def join(self, within_s: float) -> None:
        """Wait for the end."""
        self._thread.join(within_s)

    def close_soon(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a clean-up. Never waits, as `stop`."""

        def start() -> None:
            task = asyncio.ensure_future(close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

        self._soon(start)

    def _soon(self, act: Callable[[], object]) -> None:
        def in_loop(loop: concurrent.futures.Future[asyncio.AbstractEventLoop]) -> None:
            with suppress(Exception):  # the loop has ended, or never began: there is nothing left to do
                loop.result().call_soon_threadsafe(act)

        # The pipe that wakes the loop is shared with the process that this one was forked from.
        if self._process == os.getpid():
            self.loop.add_done_callback(in_loop)

    def _run(self) -> None:
        _running.add(self)
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self.loop.done():
                # Such as the executor that can't be shut down any more while the interpreter exits.
                log.debug("the loop of a blocking client ended in %r", error)
            else:
                self.loop.set_exception(error)
        finally:
            _running.discard(self)

    async def _serve(self) -> None:
        self.loop.set_result(asyncio.get_running_loop())
        await self._stopping.wait()
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        if calls:
            await asyncio.wait(calls, timeout=_CANCEL_WITHIN_S)
        await self._at_end()


class _Call(Generic[T]):
    """A coroutine on its way, which can be given up at any moment, be it before it began."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._begin = begin
        # A bare lock: Ctrl-C within a Condition's wait, and so a Future's, can end in a RuntimeError.
        self._under_way = threading.Lock()
        self._under_way.acquire()
        self._task: asyncio.Task[T] | None = None
        self._is_given_up = False

    def start(self) -> None:
        """Begin, in the loop, unless it was given up meanwhile."""
        if not self._is_given_up:
            self._task = asyncio.ensure_future(self._begin())
            self._task.add_done_callback(self._settle)

    def result(self) -> T:
        """Wait for it, in another thread.

        Raises:
            APIConnectionError: it was cancelled.
        """
        while not self._under_way.acquire(timeout=_LOOK_FOR_SIGNALS_S):
            pass
        if self._task is None or self._task.cancelled():
            raise APIConnectionError("the client was closed while this call was under way")
        return self._task.result()

    def give_up(self) -> None:
        """Cancel it, from another thread, without waiting."""
        self._is_given_up = True
        if self._task is not None and not self._task.done():
            with suppress(RuntimeError):  # the loop ended meanwhile, and the task with it
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    def _settle(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # seen, be it that nobody waits any more; asyncio would log it otherwise
        self._under_way.release()


class Portal:
    """A client's way into its own loop, from any thread. The thread starts with the first call.

    Args:
        at_end: what to await, in the loop, when it is closed.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]] = _nothing) -> None:
        self._at_end = at_end
        self._walks: set[_Steps[Any]] = set()
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None
        self._refusal: str | None = None
        _portals.add(self)

    def call(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await a coroutine in the loop, in a copy of the caller's context.

        Raises:
            ConfigError: the portal is closed, belongs to another process, or this is its own thread.
            APIConnectionError: the portal was closed meanwhile.
        """
        self._check_thread()
        thread = self._open()
        call = _Call(partial(function, *args, **kwargs))
        try:
            thread.waiting.add(call)
            self._submit(call, thread)
            return call.result()
        except BaseException:
            call.give_up()
            raise
        finally:
            thread.waiting.discard(call)
            # The error would hold the call, and the call's task the error.
            del call

    def iterate(self, source: Callable[[], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """Walk through an async generator, one call a step; leaving early closes it without waiting."""
        steps = _Steps(source(), self._walks)
        try:
            while (item := self.call(steps.next)) is not None:
                yield item
        except BaseException:
            if self._thread is not None:
                self._thread.close_soon(steps.close)
            raise

    def close(self) -> None:
        """Cancel what is under way, and end the thread.

        Raises:
            ConfigError: this is the portal's own thread.
        """
        self._check_thread()
        with self._lock:
            self._refusal = self._refusal or "this client is closed: make a new NinePic"
            thread, self._thread = self._thread, None
            if thread is not None:
                thread.stop()
        if thread is not None:
            thread.join(_CLOSE_WITHIN_S)

    def after_fork(self) -> None:
        """Let go of what belongs to the parent process; a portal that was not in use yet can be used here."""
        self._lock = threading.Lock()
        if self._thread is not None:
            self._thread = None
            self._refusal = "this client was in use before a fork: make a NinePic in each process"

    def _submit(self, call: _Call[Any], thread: _LoopThread) -> None:
        try:
            loop = thread.loop.result()
        except (OSError, RuntimeError) as error:
            raise ConfigError(f"the thread of the blocking client can't start: {error}") from error
        # Under the lock, or `close` could end the loop before it sees this call.
        with self._lock:
            self._check_open()
            loop.call_soon_threadsafe(call.start)

    def _open(self) -> _LoopThread:
        with self._lock:
            self._check_open()
            if self._thread is None or self._thread.has_failed:
                self._thread = _LoopThread(partial(_end, self._walks, self._at_end))
                weakref.finalize(self, self._thread.stop).atexit = False
            return self._thread

    def _check_open(self) -> None:
        if self._refusal is not None:
            raise ConfigError(self._refusal)

    def _check_thread(self) -> None:
        if self._thread is not None and self._thread.is_current:
            raise ConfigError(
                "a blocking call from the client's own event loop thread would wait for itself: "
                "make it in another thread, or use ninepic_async.NinePic there"
            )


class _Steps(Generic[T]):
    """An async generator taken one step at a time; no two of its coroutines run at once.

    Args:
        source: what to step through. It must not hold a cancel scope across a ``yield``: each step is another
            task.
        begun: holds it from its first step to its end. The loop would close generators that are left over
            all at once, the outer and the one within it, and log that they are in each other's way.
    """

    def __init__(self, source: AsyncGenerator[T, None], begun: set[_Steps[Any]]) -> None:
        self._source = source
        self._begun = begun
        self._turn = asyncio.Lock()

    async def next(self) -> T | None:
        """Give the next item, or None at the end."""
        async with self._turn:
            self._begun.add(self)
            item = await anext(self._source, None)
            if item is None:
                self._begun.discard(self)
            return item

    async def close(self) -> None:
        """End it early, once the step that was cancelled has let go."""
        async with self._turn:
            self._begun.discard(self)
            await self._source.aclose()


async def _end(walks: set[_Steps[Any]], at_end: Callable[[], Awaitable[None]]) -> None:
    for steps in tuple(walks):
        await steps.close()
    await at_end()


_running: set[_LoopThread] = set()
_portals: weakref.WeakSet[Portal] = weakref.WeakSet()


def _stop_all() -> None:
    # Who still waits now is a daemon thread, about to vanish: an error would only make it complain.
    threads = [thread for thread in tuple(_running) if not thread.waiting]
    for thread in threads:
        thread.stop()
    for thread in threads:
        thread.join(_EXIT_WITHIN_S)


def _after_fork() -> None:
    # The threads did not come along, and neither did anybody who could close their sockets: leave them be.
    _running.clear()
    for portal in _portals:
        portal.after_fork()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
