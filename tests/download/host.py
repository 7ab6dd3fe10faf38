"""A photo host that misbehaves as scripted, request by request."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

from aiohttp import web
from attrs import define, field, frozen

from ninepic_async import ImageItem
from ninepic_async.sandbox.http.ranges import send

Behaviour: TypeAlias = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]
MIB = 1024 * 1024


def jpeg(size: int, seed: object = 0) -> bytes:
    """Return random bytes with the beginning and the end of a JPEG."""
    return b"\xff\xd8\xff" + random.Random(repr(seed)).randbytes(size - 5) + b"\xff\xd9"


@frozen
class Seen:
    path: str
    headers: Mapping[str, str]


@define(eq=False)
class Host:
    files: dict[str, bytes] = field(factory=dict)
    scripts: dict[str, list[Behaviour]] = field(factory=dict)
    """What to do for the next requests for each path. Later requests are served normally."""
    always: Behaviour | None = None
    seen: list[Seen] = field(factory=list)
    origin: str = ""

    def add(self, name: str, size: int = 2000, *script: Behaviour) -> ImageItem:
        path = f"/{name}.jpg"
        self.files[path] = jpeg(size, name)
        self.scripts[path] = list(script)
        url = self.origin + path
        return ImageItem(image_id=name, img_url=url, thumbnail_url=url)

    def gallery(self, count: int, size: int = 2000) -> list[ImageItem]:
        return [self.add(f"p{place:05}", size) for place in range(count)]

    def headers(self, name: str) -> list[Mapping[str, str]]:
        return [seen.headers for seen in self.seen if seen.path == f"/{name}.jpg"]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen(request.path, {key.lower(): value for key, value in request.headers.items()}))
        body = self.files.get(request.path)
        script = self.scripts.get(request.path)
        if script:
            return await script.pop(0)(request, body or b"")
        if self.always is not None:
            return await self.always(request, body or b"")
        if body is None:
            raise web.HTTPNotFound
        return send(request, body, "image/jpeg", 0)


@asynccontextmanager
async def serving(host: Host) -> AsyncIterator[Host]:
    app = web.Application()
    app.router.add_route("GET", "/{tail:.*}", host.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield host
    finally:
        await runner.cleanup()


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    async def behave(request: web.Request, _: bytes) -> web.StreamResponse:
        return web.Response(
            status=status,
            body=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return behave


def refuse_in_pieces(*pieces: bytes) -> Behaviour:
    """Answer 403, and send each piece in its own packet."""

    async def behave(request: web.Request, _: bytes) -> web.StreamResponse:
        reply = web.StreamResponse(status=403)
        reply.content_length = sum(map(len, pieces))
        await reply.prepare(request)
        for piece in pieces:
            await reply.write(piece)
            await asyncio.sleep(0.02)
        return reply

    return behave


def cut(after: int, then: Behaviour | None = None) -> Behaviour:
    """Announce the whole file, send some bytes of it, and close the connection."""

    async def behave(request: web.Request, body: bytes) -> web.StreamResponse:
        whole = send(request, body, "image/jpeg", 0)
        payload = whole.body if isinstance(whole.body, bytes) else b""
        reply = web.StreamResponse(status=whole.status, headers=whole.headers)
        reply.content_length = len(payload)
        await reply.prepare(request)
        await reply.write(payload[:after])
        await asyncio.sleep(0.02)
        assert request.transport is not None
        request.transport.abort()
        return reply

    return behave


def stall(after: int) -> Behaviour:
    """Send some bytes, and then nothing for a long time."""

    async def behave(request: web.Request, body: bytes) -> web.StreamResponse:
        reply = web.StreamResponse(headers=send(request, body, "image/jpeg", 0).headers)
        reply.content_length = len(body)
        await reply.prepare(request)
        await reply.write(body[:after])
        await asyncio.sleep(30)
        return reply

    return behave


async def reset(request: web.Request, _: bytes) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=499)


async def ignore_range(request: web.Request, body: bytes) -> web.StreamResponse:
    return web.Response(body=body, content_type="image/jpeg", headers={"ETag": '"same"'})


def wrong_length(by: int) -> Behaviour:
    async def behave(request: web.Request, body: bytes) -> web.StreamResponse:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body) + by}\r\n\r\n"
        return await raw(request, head.encode() + body)

    return behave


async def no_length(request: web.Request, body: bytes) -> web.StreamResponse:
    return await raw(
        request, b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n\r\n" + body
    )


async def chunked(request: web.Request, body: bytes) -> web.StreamResponse:
    reply = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
    reply.enable_chunked_encoding()
    await reply.prepare(request)
    await reply.write(body)
    return reply


async def raw(request: web.Request, text: bytes) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None
    transport.write(text)
    await asyncio.sleep(0.02)
    transport.close()
    return web.Response(status=499)


def limited(most: int, hold_s: float = 0.01) -> Behaviour:
    """Serve a number of requests at once, and throttle the rest."""
    busy = 0

    async def behave(request: web.Request, body: bytes) -> web.StreamResponse:
        nonlocal busy
        if busy >= most:
            return web.Response(status=429)
        busy += 1
        try:
            await asyncio.sleep(hold_s)
            return send(request, body, "image/jpeg", 0)
        finally:
            busy -= 1

    return behave
