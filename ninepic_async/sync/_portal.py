"""Run calls of other threads in a client's event loop, from the first call to close, fork or exit.

anyio's `BlockingPortal` does not survive Ctrl-C, `fork` and finalizers: ``python -m benchmarks.portal`` shows
where, and ``docs/decisions/blocking-face.md`` says why.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Mapping
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, ParamSpec, TypeVar, cast

from ninepic_async.errors import APIConnectionError, ConfigError
from ninepic_async.sync._handover import Call, Outcome, Stream, receive
from ninepic_async.sync._loop_thread import LoopThread, nothing, running

M = TypeVar("M")
P = ParamSpec("P")
T = TypeVar("T")

_CLOSE_WITHIN_S: Final = 5.0
_EXIT_WITHIN_S: Final = 2.0


class Portal:
    """The portal of one client to its event loop. The loop's thread starts with the first call.

    Args:
        at_end: awaited in the loop when the client is closed.
    """

    def __init__(self, at_end: Callable[[], Awaitable[None]] = nothing) -> None:
        self._at_end = at_end
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        self._refusal: str | None = None
        _portals.add(self)

    def __reduce__(self) -> str:
        raise ConfigError(
            "a client can't be pickled or copied, and neither can lists and jobs that use it: "
            "make a new NinePic"
        )

    def call(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await a coroutine in the loop, in a copy of the caller's context.

        Raises:
            ConfigError: the portal is closed, belongs to another process, or this is its own thread.
            APIConnectionError: the portal was closed during the call.
        """
        return self._run(Call(partial(function, *args, **kwargs)), _no_message)

    def follow(
        self, function: Callable[[SimpleQueue[M]], Awaitable[T]], on_message: Callable[[M], object]
    ) -> T:
        """Await a coroutine in the loop, and call ``on_message`` in the caller's thread for each message."""
        messages: SimpleQueue[M] = SimpleQueue()
        return self._run(Call(partial(function, messages), messages), on_message)

    def iterate(
        self, items: AsyncIterator[T], about: Mapping[str, Any] | None = None
    ) -> Generator[T, None, None]:
        """Yield the items of an async generator, in a copy of the caller's context. Leaving it cancels it.

        Args:
            items: the generator.
            about: ``endpoint`` and ``request_id`` for the error if the client is closed during the iteration.
        """
        thread = self._open()
        stream = Stream(items)
        call = Call(stream.fill, stream.messages)
        try:
            thread.make(call)
            while not isinstance(message := stream.take(thread), Outcome):
                yield message
                self._check_open(about)
            message.get()
        except Exception:
            _block_at_exit()
            raise
        finally:
            call.cancel(thread)
            del call

    def close(self) -> None:
        """Cancel the calls under way, and end the thread.

        Raises:
            ConfigError: this is the portal's own thread.
        """
        self._check_thread()
        with self._lock:
            self._refusal = self._refusal or "this client is closed: make a new NinePic"
            thread = self._thread
        if thread is not None:
            thread.stop()
            thread.join(_CLOSE_WITHIN_S)

    def after_fork(self) -> None:
        """Release objects of the parent process. A portal that was not used before can be used here."""
        self._lock = threading.Lock()
        if self._thread is not None:
            self._thread = None
            self._refusal = "this client was in use before a fork: make a NinePic in each process"

    def _run(self, call: Call[T], on_message: Callable[[M], object]) -> T:
        thread = self._open()
        try:
            thread.make(call)
            while not isinstance(message := receive(call.messages, thread), Outcome):
                on_message(message)
            return cast("T", message.get())
        except Exception:
            _block_at_exit()
            raise
        finally:
            call.cancel(thread)
            del call  # the error's traceback keeps this frame

    def _open(self) -> LoopThread:
        self._check_thread()
        with self._lock:
            if self._refusal is not None:
                raise ConfigError(self._refusal)
            return self._thread or self._start()

    def _check_open(self, about: Mapping[str, Any] | None) -> None:
        try:
            self._open()
        except ConfigError as error:
            if about is None:
                raise
            message = f"{error}; the call was under way"
        else:
            return
        raise APIConnectionError(message, **about)

    def _start(self) -> LoopThread:
        thread = LoopThread(self._at_end)
        try:
            thread.begin()
            weakref.finalize(self, thread.stop).atexit = False
            self._thread = thread
        except BaseException:
            # After Ctrl-C, the thread may run already. It was not used, and the next call starts another one.
            thread.stop(at_once=True)
            raise
        return thread

    def _check_thread(self) -> None:
        if self._thread is threading.current_thread():
            raise ConfigError(
                "a blocking call from the client's own event loop thread would wait for itself: "
                "make it in another thread, or use ninepic_async.NinePic there"
            )


def _no_message(_: object) -> None: ...


_is_exiting: Final = threading.Lock()
_portals: Final[weakref.WeakSet[Portal]] = weakref.WeakSet()


def _block_at_exit() -> None:
    """Block a daemon thread forever while the interpreter exits: its error would only be printed."""
    if _is_exiting.locked() and threading.current_thread() is not threading.main_thread():
        _is_exiting.acquire()


@atexit.register
def _stop_all() -> None:
    _is_exiting.acquire()
    threads = tuple(running)
    for thread in threads:
        thread.stop()
    deadline = time.monotonic() + _EXIT_WITHIN_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _after_fork() -> None:
    # The child has no copies of the threads, and must not close the parent's sockets.
    running.clear()
    for portal in tuple(_portals):
        portal.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
