"""A client's way into its own event loop, for every other thread.

anyio's `BlockingPortal` would be the obvious choice, but Ctrl-C, `fork` and finalizers find no safe way
through: ``python -m benchmarks.portal`` shows where each ends with it, and here.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from ninepic_async.errors import ConfigError
from ninepic_async.sync._call import Call
from ninepic_async.sync._loop_thread import LoopThread, nothing, vanish_at_exit
from ninepic_async.sync._stream import Stream

P = ParamSpec("P")
T = TypeVar("T")

_CLOSE_WITHIN_S: Final = 5.0


class Portal:
    """One for each client. Its loop's thread starts with the first call.

    Args:
        at_end: what to await, in the loop, when it is closed.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]] = nothing) -> None:
        self._at_end = at_end
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        self._refusal: str | None = None
        _portals.add(self)

    def call(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await a coroutine in the loop, in a copy of the caller's context.

        Raises:
            ConfigError: the portal is closed, belongs to another process, or this is its own thread.
            APIConnectionError: the portal was closed meanwhile.
        """
        thread = self._open()
        call = Call(partial(function, *args, **kwargs))
        try:
            self._begin(call, thread)
            thread.take(call.told)
            return call.outcome()
        except Exception:
            vanish_at_exit()
            raise
        finally:
            call.give_up(thread)
            # The error would hold the call, and the call's task the error.
            del call

    def iterate(self, source: Callable[[], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """Walk through an async generator, in a copy of the caller's context; leaving early cancels it."""
        thread = self._open()
        stream = Stream(source)
        call = Call(stream.fill, stream.arrived)
        try:
            self._begin(call, thread)
            while (item := stream.take(thread)) is not None:
                yield item
                self._open()
            call.outcome()
        except Exception:
            vanish_at_exit()
            raise
        finally:
            call.give_up(thread)
            del call

    def close(self) -> None:
        """Cancel what is under way, and end the thread.

        Raises:
            ConfigError: this is the portal's own thread.
        """
        self._check_thread()
        with self._lock:
            self._refusal = self._refusal or "this client is closed: make a new NinePic"
            thread = self._thread
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

    def _begin(self, call: Call[Any], thread: LoopThread) -> None:
        # Under the lock, or `close` could end the loop before it sees this call.
        with self._lock:
            self._check_open()
            thread.begin(call.start)

    def _open(self) -> LoopThread:
        self._check_thread()
        with self._lock:
            self._check_open()
            return self._thread or self._start()

    def _start(self) -> LoopThread:
        thread = LoopThread(self._at_end)
        try:
            thread.start()
            weakref.finalize(self, thread.stop).atexit = False
            self._thread = thread
        except BaseException:
            # Ctrl-C, when it may have begun. Nobody has used it, and the next call starts another.
            thread.abandon()
            raise
        return thread

    def _check_open(self) -> None:
        if self._refusal is not None:
            raise ConfigError(self._refusal)

    def _check_thread(self) -> None:
        if self._thread is not None and self._thread.is_current:
            raise ConfigError(
                "a blocking call from the client's own event loop thread would wait for itself: "
                "make it in another thread, or use ninepic_async.NinePic there"
            )


_portals: weakref.WeakSet[Portal] = weakref.WeakSet()


def _after_fork() -> None:
    for portal in _portals:
        portal.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
