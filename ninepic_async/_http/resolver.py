"""Looking hosts up, in threads that nobody has to wait for.

asyncio looks them up in its executor, and waits for that when a program ends or is interrupted: for half a
minute where no name server answers, long after the call's deadline.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar, cast

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

T = TypeVar("T")


def resolver() -> AbstractResolver:
    """Give aiohttp's resolver, on threads of ours."""
    return ThreadedResolver(cast("asyncio.AbstractEventLoop", _Lookups()))


class _Lookups:
    """What that resolver needs of a loop."""

    async def getaddrinfo(self, host: str, port: int, **how: int) -> list[tuple[Any, ...]]:
        return await _aside(lambda: socket.getaddrinfo(host, port, **how))

    async def getnameinfo(self, address: tuple[Any, ...], flags: int) -> tuple[str, str]:
        return await _aside(lambda: socket.getnameinfo(address, flags))


async def _aside(look_up: Callable[[], T]) -> T:
    found: Future[T] = Future()
    found.set_running_or_notify_cancel()
    # A daemon: the interpreter does not wait for it either.
    Thread(target=_settle, args=(found, look_up), name="ninepic-lookup", daemon=True).start()
    return await asyncio.wrap_future(found)


def _settle(found: Future[T], look_up: Callable[[], T]) -> None:
    try:
        found.set_result(look_up())
    except Exception as error:
        found.set_exception(error)
