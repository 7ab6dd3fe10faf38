"""Clients, waits and failures that the end-to-end tests share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
from attrs import define, field

from ninepic_async import NinePic, NinePicError, RetryPolicy
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

PHOTOS: Final = 120
ATTEMPTS: Final = 3
FOREVER: Final = 1000
"""More requests than any call makes."""
HANGS_AFTER_S: Final = 40.0
"""Never waited for but where something hangs; a busy machine is not to be taken for that."""
_SERVING: Final = "RequestHandler."


def quick(attempts: int = ATTEMPTS) -> RetryPolicy:
    return RetryPolicy(attempts=attempts, initial_s=0.01, max_s=0.05)


def client_of(
    sb: Sandbox,
    *,
    timeout: float = 30,
    attempts: int = ATTEMPTS,
    max_concurrency: int = 32,
    session: aiohttp.ClientSession | None = None,
    api_key: str | None = None,
) -> NinePic:
    return NinePic(
        api_key or sb.api_key,
        sb.org_id,
        base_url=sb.base_url,
        timeout=timeout,
        retry=quick(attempts),
        max_concurrency=max_concurrency,
        session=session,
    )


def arm(sb: Sandbox, fields: FaultFields, endpoint: str | None = None, times: int = 1) -> None:
    """Add a fault for the next requests of an endpoint."""
    fault: FaultFields = {**fields, "endpoint": endpoint, "times": times}
    sb.faults.add(**fault)


def sent(sb: Sandbox) -> list[str]:
    """Give the endpoints that were asked, in order."""
    return [record.endpoint for record in sb.requests if record.host == "api"]


async def failure_of(call: Callable[[], Awaitable[object]]) -> NinePicError:
    """Give the error that a call ends in; any other end fails the test."""
    async with asyncio.timeout(HANGS_AFTER_S):
        try:
            await call()
        except NinePicError as error:
            return error
    raise AssertionError("the call did not fail")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANGS_AFTER_S):
        while not holds():  # noqa: ASYNC110 (neither sandbox nor loop has an event for this)
            await asyncio.sleep(0)


async def alone() -> None:
    """Wait until nothing but this task works for a client."""
    await until(lambda: not others())


def others() -> set[asyncio.Task[object]]:
    """Give the tasks that work for a client: all but this one and those of the sandbox's connections."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in tasks if not getattr(task.get_coro(), "__qualname__", "").startswith(_SERVING)}


@define
class Stopwatch:
    """Seconds since it was made."""

    started: float = field(factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


@define
class Traffic:
    """What went through a session: requests that began and ended, and connections that were made."""

    begun: int = 0
    ended: int = 0
    connections: int = 0

    def session(self, *middlewares: aiohttp.ClientMiddlewareType) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._begin)
        trace.on_request_end.append(self._end)
        trace.on_request_exception.append(self._end)
        trace.on_connection_create_end.append(self._connect)
        return aiohttp.ClientSession(trace_configs=[trace], middlewares=middlewares)

    @property
    def under_way(self) -> int:
        return self.begun - self.ended

    async def _begin(self, *_: object) -> None:
        self.begun += 1

    async def _end(self, *_: object) -> None:
        self.ended += 1

    async def _connect(self, *_: object) -> None:
        self.connections += 1
