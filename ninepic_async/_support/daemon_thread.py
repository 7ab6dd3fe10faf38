"""Run blocking work in a daemon thread.

The event loop's executor and anyio's worker threads are shared with the application, so a few reads that hang
leave no thread for other work. The interpreter also waits for these threads at exit. A daemon thread has
neither problem.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def run_in_daemon_thread(work: Callable[[], T], *, name: str) -> T:
    """Run a function in a new daemon thread and return its result.

    Cancelling the caller abandons the thread: it ends when the function returns, and its result is dropped.

    Args:
        work: the function.
        name: the thread's name, for debuggers.

    Raises:
        OSError: the system can't start another thread.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    outcomes: list[tuple[T | None, BaseException | None]] = []

    def deliver(result: T | None, error: BaseException | None) -> None:
        if not done.done():
            outcomes.append((result, error))
            done.set_result(None)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(deliver, result, error)
        del result, error

    try:
        Thread(target=run, name=name, daemon=True).start()
    except RuntimeError as refused:
        raise OSError(errno.EAGAIN, f"can't start a thread: {refused}") from None
    await done
    result, error = outcomes.pop()
    try:
        if error is not None:
            raise error
        return result  # type: ignore[return-value]
    finally:
        # The error refers to this frame through its traceback.
        del error
