"""Resolve host names in daemon threads.

asyncio resolves names in its executor, and waits for the executor when the program ends: for half a minute if
no name server answers, long after the call's deadline.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from ninepic_async._support.daemon_thread import run_in_daemon_thread

_THREAD_NAME = "ninepic-resolver"


def resolver() -> AbstractResolver:
    """Return aiohttp's resolver, which then works in daemon threads."""
    return ThreadedResolver(cast("asyncio.AbstractEventLoop", _Lookups()))


class _Lookups:
    """The part of an event loop that aiohttp's resolver uses."""

    async def getaddrinfo(self, host: str, port: int, **how: int) -> list[tuple[Any, ...]]:
        return await run_in_daemon_thread(lambda: socket.getaddrinfo(host, port, **how), name=_THREAD_NAME)

    async def getnameinfo(self, address: tuple[Any, ...], flags: int) -> tuple[str, str]:
        return await run_in_daemon_thread(lambda: socket.getnameinfo(address, flags), name=_THREAD_NAME)
