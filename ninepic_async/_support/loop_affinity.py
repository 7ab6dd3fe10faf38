"""The process and event loop that a client belongs to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final

from ninepic_async.errors import ConfigError

_CLOSED: Final = "this client is closed: make a new NinePic"


class LoopAffinity:
    """The process and event loop of a client. Using its sockets in another one would mix up replies.

    When its event loop has been closed, a client moves to the next loop that uses it. Code that keeps objects
    of a loop, such as connections, compares `moves` to see that the loop has changed.
    """

    def __init__(self) -> None:
        self.moves: int = 0
        self._process = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    def __getstate__(self) -> object:
        raise ConfigError(
            "a client can't be pickled, and neither can lists and jobs that use it: "
            "make a new NinePic in the other process"
        )

    def close(self) -> None:
        """Refuse all calls from now on, and end all waits."""
        self._closed = True
        for waiting in self._waiting:
            waiting.cancel()

    async def sleep(self, sleep: Callable[[float], Awaitable[None]], seconds: float) -> None:
        """Sleep for a number of seconds. Closing the client ends the sleep.

        Raises:
            ConfigError: the client was closed.
        """
        sleeping = asyncio.ensure_future(sleep(seconds))
        self._waiting.add(sleeping)
        try:
            await asyncio.wait({sleeping})
        finally:
            self._waiting.discard(sleeping)
            sleeping.cancel()
        if self._closed:
            raise ConfigError(_CLOSED)

    def enter(self) -> None:
        """Bind to the running loop, or check that it is the loop of this client.

        The client binds on first use, and again when its loop has been closed.

        Raises:
            ConfigError: the client is closed, or belongs to another process or to another loop that is open.
        """
        if self._closed:
            raise ConfigError(_CLOSED)
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._process, self._loop = os.getpid(), loop
        elif self._process != os.getpid():
            raise ConfigError("this client was opened before a fork: make a NinePic in each process")
        elif self._loop is not loop:
            self._move(loop)

    def _move(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None and not self._loop.is_closed():
            raise ConfigError(
                "this client belongs to another event loop: make a NinePic in each loop, "
                "or one of ninepic_async.sync, which all threads can share"
            )
        self._loop = loop
        self.moves += 1
