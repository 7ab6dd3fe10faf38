"""Track running handlers, so that closing the sandbox can end all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RunningHandlers:
    """Tracks running handlers, and work that continues after its client has disconnected."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[Any]] = set()

    def watch(self, app: web.Application) -> None:
        """Track this application's handlers; call it after all other middlewares are added."""
        app.middlewares.insert(0, self._watched)
        app.middlewares.append(self._shielded)

    async def aclose(self) -> None:
        """Cancel all handlers and work that still run, and wait until they have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @web.middleware
    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a handler always runs in a task)
        self._tasks.add(task)
        try:
            return await handler(request)
        finally:
            self._tasks.discard(task)

    @web.middleware
    async def _shielded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let started work finish: a search is charged even if its client has disconnected."""
        work = asyncio.ensure_future(handler(request))
        self._tasks.add(work)
        work.add_done_callback(self._done)
        return await asyncio.shield(work)

    def _done(self, work: asyncio.Future[web.StreamResponse]) -> None:
        self._tasks.discard(work)
        if not work.cancelled():
            work.exception()  # asyncio would log it as never retrieved
