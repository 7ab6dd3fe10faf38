"""The replies under way: whoever closes the sandbox sees them end."""

from __future__ import annotations

import asyncio

from aiohttp import web

from .faults import Handler


class Handlers:
    """Knows each handler that runs. aiohttp forgets those whose client has hung up."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def watch(self, app: web.Application) -> None:
        """Know the handlers of this application from now on."""
        app.middlewares.insert(0, self._watched)

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
