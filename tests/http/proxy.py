"""A small forward proxy on loopback: CONNECT tunnels, and plain requests in absolute form."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from attrs import define, field


@define(eq=False)
class ForwardProxy:
    """Attributes:
    routes: ``host:port`` as asked for, and the loopback port that it leads to.
    credentials: ``user:password`` to insist on.
    heads: the head of each request as it came.
    carried: all bytes that came from clients, tunnelled ones included.
    """

    routes: Mapping[str, int] = field(factory=dict)
    credentials: str | None = None
    heads: list[str] = field(factory=list)
    carried: bytearray = field(factory=bytearray)
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def asked_for(self) -> list[str]:
        return [head.split(" HTTP/")[0] for head in self.heads]

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            self.carried += head.encode("latin-1")
            await self._serve(head, reader, writer)
        writer.close()

    async def _serve(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.split("\r\n")[0].split(" ")
        if not self._is_allowed(head):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        place = target if method == "CONNECT" else target.split("/")[2]
        port = self.routes.get(place if ":" in place else f"{place}:80")
        if port is None:
            writer.write(b"HTTP/1.1 502 Unknown host\r\nContent-Length: 0\r\n\r\n")
            return
        there = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there[1].write(head.encode("latin-1"))
        await asyncio.gather(self._carry(reader, there[1]), self._carry(there[0], writer, note=False))

    def _is_allowed(self, head: str) -> bool:
        if self.credentials is None:
            return True
        return f"Proxy-Authorization: Basic {b64encode(self.credentials.encode()).decode()}\r\n" in head

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, note: bool = True) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if note:
                    self.carried += data
                to.write(data)
                await to.drain()
        to.close()


@asynccontextmanager
async def running(proxy: ForwardProxy, tls: ssl.SSLContext | None = None) -> AsyncIterator[ForwardProxy]:
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(proxy.connected(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    proxy.scheme = "http" if tls is None else "https"
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
