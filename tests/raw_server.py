"""A server made of raw sockets, for replies that no well-behaved server can give."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

PING = b'{"status": "ok", "org_id": 903, "event_id": 456}'
Serve = Callable[[int, bytes, asyncio.StreamWriter], Awaitable[None]]
"""Gets the request's number (from 1), its bytes, and where to write the reply."""


def answer(body: bytes = PING, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """Return a reply. ``length`` is the Content-Length to claim, if it is not the body's."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve raw bytes on loopback. Gives the base URL, and a list that collects each request as it came."""
    requests: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                request = await read_request(reader)
                requests.append(request)
                await serve(len(requests), request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    async with listening:
        scheme = "http" if tls is None else "https"
        yield f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}", requests
    for _ in range(20):
        await asyncio.sleep(0)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request: its head, and as many bytes as its Content-Length says."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(n) for k, _, n in map(_header, head.split(b"\r\n")) if k == b"content-length"), 0)
    return head + await reader.readexactly(length)


def _header(line: bytes) -> tuple[bytes, bytes, bytes]:
    name, colon, value = line.partition(b":")
    return name.lower(), colon, value.strip()


def always(reply: bytes) -> Serve:
    """Give the same reply to each request."""

    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    return serve


def then_close(reply: bytes) -> Serve:
    """Give the same reply to each request, and close the connection after it."""

    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()
        writer.close()

    return serve
