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
from contextlib import aclosing, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, ParamSpec, TypeVar

from ninepic_async.errors import APIConnectionError, ConfigError

P = ParamSpec("P")
T = TypeVar("T")

log: Final = logging.getLogger("ninepic_async")

_LOOK_FOR_SIGNALS_S: Final = 0.1
"""A signal does not wake a thread that was about to sleep on a lock, nor any on Windows: get up now and then,
so that Ctrl-C is never left lying."""
_ITEMS_AHEAD: Final = 1
_CANCEL_WITHIN_S: Final = 2.0
_CLOSE_WITHIN_S: Final = 5.0
_EXIT_WITHIN_S: Final = 2.0


async def _nothing() -> None:
    pass


def _cannot_start(error: Exception) -> ConfigError:
    return ConfigError(f"the thread of the blocking client can't start: {error}")


class _LoopThread:
    """An event loop that runs until it is told to stop. Knows nothing of who uses it."""

    def __init__(self, at_end: Callable[[], Awaitable[None]]) -> None:
        self.loop: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._at_end = at_end
        self._process = os.getpid()
        self._stopping = asyncio.Event()
        self.waiting: set[_Call[Any]] = set()
        # asyncio itself holds a task weakly, and whoever walked through a list may be garbage by now.
        self.tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="ninepic-sync", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise _cannot_start(error) from error
        except BaseException:
            # Ctrl-C, when it may have begun. Nobody has used it, and the next call starts another.
            self._at_end = _nothing
            self.stop()
            raise

    @property
    def is_current(self) -> bool:
        """Whether the caller is on this very thread."""
        return threading.get_ident() == self._thread.ident

    @property
    def has_failed(self) -> bool:
        """Whether the loop could not be made."""
        return self.loop.done() and self.loop.exception() is not None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen in it any more."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end. Never waits, so that a finalizer may call it on whatever thread it runs."""
        self._soon(self._stopping.set)

    def join(self, within_s: float) -> None:
        """Wait for the end."""
        self._thread.join(within_s)

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
        except (Exception, SystemExit) as error:
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

    def __init__(
        self, begin: Callable[[], Coroutine[Any, Any, T]], at_end: Callable[[], None] = lambda: None
    ) -> None:
        self._begin = begin
        self._at_end = at_end
        # A bare lock: Ctrl-C within a Condition's wait, and so a Future's, can end in a RuntimeError.
        self._under_way = threading.Lock()
        self._under_way.acquire()
        self._task: asyncio.Task[T] | None = None
        self._is_given_up = False

    def start(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Begin, in the loop, unless it was given up meanwhile; its task is among those until it is done."""
        self._task = asyncio.ensure_future(self._begin())
        tasks.add(self._task)
        self._task.add_done_callback(tasks.discard)
        self._task.add_done_callback(self._settle)
        # Not before: who gives up looks for a task to cancel. Cancelled here, it does not begin.
        if self._is_given_up:
            self._task.cancel()

    def result(self, thread: _LoopThread) -> T:
        """Wait for it, in another thread than that.

        Raises:
            APIConnectionError: it was cancelled.
        """
        while not self._under_way.acquire(timeout=_LOOK_FOR_SIGNALS_S) and not thread.has_ended:
            pass
        if self._task is None or not self._task.done() or self._task.cancelled():
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
        self._at_end()


class Portal:
    """A client's way into its own loop, from any thread. The thread starts with the first call.

    Args:
        at_end: what to await, in the loop, when it is closed.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]] = _nothing) -> None:
        self._at_end = at_end
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
            return call.result(thread)
        except BaseException:
            call.give_up()
            raise
        finally:
            thread.waiting.discard(call)
            # The error would hold the call, and the call's task the error.
            del call

    def iterate(self, source: Callable[[], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """Walk through an async generator, in a copy of the caller's context; leaving early cancels it."""
        self._check_thread()
        thread = self._open()
        stream = _Stream(source)
        call = _Call(stream.fill, at_end=stream.end)
        try:
            self._submit(call, thread)
            while (item := self._next(stream, call, thread)) is not None:
                yield item
            call.result(thread)
        except BaseException:
            if self._thread is thread:  # else it is closed, or this is a fork, whose parent may still read on
                call.give_up()
            raise
        finally:
            del call

    def _next(self, stream: _Stream[T], call: _Call[None], thread: _LoopThread) -> T | None:
        self._check_thread()
        with self._lock:
            self._check_open()
        try:
            thread.waiting.add(call)
            return stream.take(thread)
        finally:
            thread.waiting.discard(call)

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
            raise _cannot_start(error) from error
        # Under the lock, or `close` could end the loop before it sees this call.
        with self._lock:
            self._check_open()
            try:
                loop.call_soon_threadsafe(call.start, thread.tasks)
            except RuntimeError as error:
                raise ConfigError(f"the client's loop was ended ({error}): make a new NinePic") from error

    def _open(self) -> _LoopThread:
        with self._lock:
            self._check_open()
            if self._thread is None or self._thread.has_failed:
                self._thread = _LoopThread(self._at_end)
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


class _Stream(Generic[T]):
    """What an async generator in the loop yields, on its way to another thread.

    The second item is not made before it is asked for, so that who looks at one costs no more than that.
    Later ones are made one ahead: who asks for them as fast as they come then never has to wake the loop.

    Args:
        source: makes the generator. It lives and ends in one task.
    """

    def __init__(self, source: Callable[[], AsyncGenerator[T, None]]) -> None:
        self._source = source
        self._arrived: SimpleQueue[T | None] = SimpleQueue()
        self._given = 0
        self._asked = 0
        self._waiting_in: asyncio.AbstractEventLoop | None = None
        self._asked_again = asyncio.Event()

    async def fill(self) -> None:
        """Read the generator, in the loop, as far as is wanted."""
        async with aclosing(self._source()) as items:
            async for item in items:
                self._arrived.put(item)
                self._given += 1
                if not self._is_wanted():
                    await self._wait_until_wanted()

    def end(self) -> None:
        """Say that nothing more will come."""
        self._arrived.put(None)

    def take(self, thread: _LoopThread) -> T | None:
        """Wait for the next item, in another thread than that; None at the end."""
        self._asked += 1
        waiting_in = self._waiting_in  # read once: the loop may be about to go on by itself
        if waiting_in is not None:
            with suppress(RuntimeError):  # the loop has ended
                waiting_in.call_soon_threadsafe(self._asked_again.set)
        while not thread.has_ended:
            with suppress(Empty):
                return self._arrived.get(timeout=_LOOK_FOR_SIGNALS_S)
        return None if self._arrived.empty() else self._arrived.get()

    def _is_wanted(self) -> bool:
        return self._given - self._asked < (0 if self._given == 1 else _ITEMS_AHEAD)

    async def _wait_until_wanted(self) -> None:
        # The other thread looks for a loop to wake after it has asked; so say first, and look again then.
        self._waiting_in = asyncio.get_running_loop()
        while not self._is_wanted():
            await self._asked_again.wait()
            self._asked_again.clear()
        self._waiting_in = None


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
