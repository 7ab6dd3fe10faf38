"""The one process and event loop that a client lives in."""

from __future__ import annotations

import asyncio
import os

from ninepic_async.errors import ConfigError


class LoopAffinity:
    """Where a client was first used. Sockets shared with another process or loop mix up replies."""

    def __init__(self) -> None:
        self._process = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def __getstate__(self) -> object:
        raise ConfigError("a client can't be pickled, nor what works through one: make a NinePic there")

    def close(self) -> None:
        """Let nobody in any more."""
        self._closed = True

    def enter(self) -> None:
        """Settle here on first use; later, make sure that this is still the same place.

        Raises:
            ConfigError: it is another process or loop, or the client is closed.
        """
        if self._closed:
            raise ConfigError("this client is closed: make a new NinePic")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._process, self._loop = os.getpid(), loop
        elif self._process != os.getpid():
            raise ConfigError("this client was opened before a fork: make a NinePic in each process")
        elif self._loop is not loop:
            raise ConfigError("this client belongs to another event loop: make a NinePic in each loop")
