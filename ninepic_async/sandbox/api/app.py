"""The API's application: check each request, run its endpoint, build the reply."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from attrs import evolve, frozen

from ninepic_async.sandbox.api.checks import (
    Page,
    RefusalError,
    check_event,
    check_features,
    check_key,
    check_org,
    read_page,
)
from ninepic_async.sandbox.api.endpoints import METHODS, Call, Endpoints
from ninepic_async.sandbox.dialect import Dialect
from ninepic_async.sandbox.faults.effects import answer, served_page, status_of
from ninepic_async.sandbox.faults.fault_list import Faults
from ninepic_async.sandbox.http.handlers import Handler
from ninepic_async.sandbox.request_log import RequestInfo, RequestLog, endpoint_of
from ninepic_async.sandbox.routes import ROUTES, UNKNOWN, Route

LARGEST_UPLOAD: Final = 32 * 1024 * 1024
_UNPAGED: Final = Page(1, 1)
_GATEWAY_PAGE: Final = "<html><body><h1>{}</h1></body></html>"
_OBSERVED: Final = frozenset({UNKNOWN, *(route.name for route in ROUTES)})
"""Names of endpoints whose requests are logged and can get faults: the contract's, and unknown paths."""


@frozen(eq=False)
class ApiServer:
    """Builds the aiohttp application that serves the API."""

    endpoints: Endpoints
    faults: Faults
    log: RequestLog
    latency_s: float

    def app(self) -> web.Application:
        """Return the application with all routes."""
        app = web.Application(middlewares=[self._observe], client_max_size=LARGEST_UPLOAD)
        for route in ROUTES:
            app.router.add_route(route.method, route.path, self._handler(route), name=route.name)
        return app

    @property
    def dialect(self) -> Dialect:
        """Return how replies are worded."""
        return self.endpoints.payloads.dialect

    def _handler(self, route: Route) -> Handler:
        method = METHODS[route.name]

        async def handle(request: web.Request) -> web.StreamResponse:
            message, data = await method(self.endpoints, self._checked(route, request))
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
        return Call(request, event, self._page(route, request) if route.paged else _UNPAGED)

    def _page(self, route: Route, request: web.Request) -> Page:
        largest = self.dialect.page_size_maxima.get(route.name, route.limits.largest)
        page = read_page(request.query, evolve(route.limits, largest=largest))
        return evolve(page, number=served_page.get() or page.number)

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if endpoint_of(request) not in _OBSERVED:
            return await handler(request)
        info, clock, status = self.log.begin("api", request), self.endpoints.clock, 0
        if self.log.leaks_key("api", request):
            self.endpoints.state.key_leaks.append(request.path)
        try:
            with self.faults.applied_to(info, clock.now()) as armed:
                if self.latency_s:
                    await clock.sleep(self.latency_s)
                work = self._gateway if self._is_gateway_turn(info) else lambda r: self._refusing(r, handler)
                reply = await answer(armed, request, work, clock)
            status = status_of(reply)
        finally:
            self.log.add(info, request, status, clock.now())
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

    def _is_gateway_turn(self, info: RequestInfo) -> bool:
        return self.dialect.gateway_status is not None and info.attempt == 1

    async def _gateway(self, _: web.Request) -> web.Response:
        status = self.dialect.gateway_status or 502
        return web.Response(status=status, text=_GATEWAY_PAGE.format(status), content_type="text/html")

    def _reply(self, status: int, message: str, data: dict[str, object] | None) -> web.Response:
        body = self.endpoints.payloads.body(status, message, data)
        return web.Response(status=status, body=body, content_type="application/json")
