"""The replies under way: a client that goes ends its own, and whoever closes the sandbox sees all end."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from ninepic_async.sandbox.faults.effects import Handler


class Handlers:
    """Knows each handler that runs, and the work that goes on when its client has hung up."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[Any]] = set()

    def watch(self, app: web.Application) -> None:
        """Know the handlers of this application from now on; call it when all middlewares are in place."""
        app.middlewares.insert(0, self._watched)
        app.middlewares.append(self._finished)

    async def aclose(self) -> None:
        """Cancel what still runs, and wait for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @web.middleware
    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a handler always runs in one)
        self._tasks.add(task)
        try:
            return await handler(request)
        finally:
            self._tasks.discard(task)

    @web.middleware
    async def _finished(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let work that has begun come to its end: a search is charged, whoever waits for it."""
        work = asyncio.ensure_future(handler(request))
        self._tasks.add(work)
        work.add_done_callback(self._done)
        return await asyncio.shield(work)

    def _done(self, work: asyncio.Future[web.StreamResponse]) -> None:
        self._tasks.discard(work)
        if not work.cancelled():
            work.exception()  # seen here, should nobody be left to see it
