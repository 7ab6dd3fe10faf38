"""Resolve host names in daemon threads.

asyncio resolves them in its executor and waits for it when the program ends or is interrupted. Without a
name server that takes half a minute, long after the call's deadline.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final, cast

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from ninepic_async._support.daemon_thread import run_in_daemon_thread

_THREAD: Final = "ninepic-lookup"


def resolver() -> AbstractResolver:
    """Return aiohttp's resolver on daemon threads."""
    return ThreadedResolver(cast("asyncio.AbstractEventLoop", _Lookups()))


class _Lookups:
    """The part of an event loop that the resolver uses."""

    async def getaddrinfo(self, host: str, port: int, **how: int) -> list[tuple[Any, ...]]:
        return await run_in_daemon_thread(lambda: socket.getaddrinfo(host, port, **how), name=_THREAD)

    async def getnameinfo(self, address: tuple[Any, ...], flags: int) -> tuple[str, str]:
        return await run_in_daemon_thread(lambda: socket.getnameinfo(address, flags), name=_THREAD)
