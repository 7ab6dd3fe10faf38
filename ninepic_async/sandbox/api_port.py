"""The API's port: checks every request, runs its endpoint, and words the reply."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web
from attrs import frozen

from .checks import Page, RefusalError, check_event, check_features, check_key, check_org, read_page
from .faults import Faults, Handler, answer
from .request_log import RequestLog, record_of
from .routes import ROUTES, Call, Endpoints, Route

LARGEST_UPLOAD: Final = 32 * 1024 * 1024
_UNPAGED: Final = Page(1, 1)


@frozen(eq=False)
class ApiPort:
    """Makes the aiohttp application that speaks the API."""

    endpoints: Endpoints
    faults: Faults
    log: RequestLog
    latency_s: float

    def app(self) -> web.Application:
        """The application, with all routes."""
        app = web.Application(middlewares=[self._observe], client_max_size=LARGEST_UPLOAD)
        for route in ROUTES:
            app.router.add_route(route.method, route.path, self._handler(route), name=route.name)
        return app

    def _handler(self, route: Route) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            message, data = await route.run(self.endpoints, self._checked(route, request))
            return self._reply(200, message, data)

        return handle

    def _checked(self, route: Route, request: web.Request) -> Call:
        state = self.endpoints.state
        check_key(state, request.headers.get("X-API-Key"))
        check_org(state, request.match_info["org_id"])
        if route.of_event:
            event = check_event(state, request.match_info["event_id"])
            if route.name != "ping":
                check_features(event, route.needs)
        else:
            event = next(iter(state.events.values()))
        return Call(request, event, read_page(request.query, route.limits) if route.paged else _UNPAGED)

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        status = 0
        try:
            reply = await answer(self.faults.take(request), request, lambda r: self._refusing(r, handler))
            status = 0 if "lost" in reply else reply.status
        finally:
            self.log.append(record_of(request, "api", status, self.endpoints.clock.now()))
        return reply

    async def _refusing(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RefusalError as refusal:
            return self._reply(refusal.status, refusal.message, None)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            return self._reply(501, f"The sandbox has no route {request.method} {request.path}", None)
        except web.HTTPRequestEntityTooLarge:
            return self._reply(413, "Request Entity Too Large", None)

    def _reply(self, status: int, message: str, data: dict[str, object] | None) -> web.Response:
        body = self.endpoints.wire.body(status, message, data)
        return web.Response(status=status, body=body, content_type="application/json")
