"""Listen on ports, serve an application on each, and close them."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import formatdate
from socket import AF_INET, AF_INET6, create_server
from socket import socket as Socket  # noqa: N812 - a class
from typing import Final

from aiohttp import web
from attrs import define, field

from ninepic_async.sandbox.clock import Clock
from ninepic_async.sandbox.http.handlers import RunningHandlers

_STOP_S: Final = 0.2
"""How many seconds closing waits for requests that are being answered."""
_LOOPBACK_OF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (listening addresses, not targets)
"""The loopback address of a server that listens on all addresses."""


@define(eq=False)
class Ports:
    """Listens on some ports and serves an application on each.

    Attributes:
        origins: ``http://host:port`` of each port, kept after closing.
    """

    origins: Sequence[str] = ()
    _sockets: list[Socket] = field(factory=list, init=False)
    _runners: list[web.AppRunner] = field(factory=list, init=False)
    _handlers: RunningHandlers = field(factory=RunningHandlers, init=False)

    @property
    def is_open(self) -> bool:
        """Whether applications are being served."""
        return bool(self._runners)

    def listen(self, host: str, *numbers: int) -> None:
        """Bind the ports; 0 picks a free one.

        Raises:
            OSError: A port is taken.
        """
        self._sockets = _bind(host, *numbers)
        self.origins = [_origin_of(socket) for socket in self._sockets]

    async def serve(self, clock: Clock, *apps: web.Application) -> None:
        """Serve one application on each port, in the order of `listen`. ``Date`` follows the clock."""

        async def date(_: web.Request, reply: web.StreamResponse) -> None:
            reply.headers["Date"] = formatdate(clock.now(), usegmt=True)

        for app, socket in zip(apps, self._sockets, strict=True):
            self._handlers.watch(app)
            app.on_response_prepare.append(date)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S, handler_cancellation=True)
            self._runners.append(runner)
            await runner.setup()
            await web.SockSite(runner, socket).start()

    async def aclose(self) -> None:
        """Close all ports and cancel the handlers that still run."""
        runners, self._runners = self._runners, []
        for runner in runners:
            await runner.cleanup()
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            socket.close()  # a runner closes its socket only if its site was started
        await self._handlers.aclose()


def _bind(host: str, *numbers: int) -> list[Socket]:
    family = AF_INET6 if ":" in host else AF_INET
    sockets: list[Socket] = []
    try:
        for number in numbers:
            sockets.append(create_server((host, number), family=family, backlog=1024))  # noqa: PERF401
    except OSError:
        for socket in sockets:
            socket.close()
        raise
    return sockets


def _origin_of(socket: Socket) -> str:
    address, port = socket.getsockname()[:2]
    host = str(_LOOPBACK_OF.get(address, address))
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
