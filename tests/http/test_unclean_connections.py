"""What a server sends on an idle connection must not become another request's reply."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import trustme

from ninepic_async import HTTPOptions, ImageItem, NinePic, NinePicError, RetryPolicy
from tests.canned import EVENT_ID, KEY, ORG_ID
from tests.download.host import jpeg
from tests.raw_server import PING, answer, server

CA = trustme.CA()
DEFAULTS = HTTPOptions()

TOO_LATE = answer(b'{"status": "late", "org_id": 1, "event_id": 1}', "408 Request Timeout")
THEIRS = answer(b'{"status": "theirs", "org_id": 1, "event_id": 1}')
UNASKED = [
    TOO_LATE,
    TOO_LATE[:1],
    TOO_LATE[:30],
    TOO_LATE[:-1],
    THEIRS,
    b"the rest of a body",
    b"\r\n" + TOO_LATE,
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + THEIRS,
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + THEIRS,
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"0\r\n\r\n",
    THEIRS * 2,
]


@asynccontextmanager
async def pushing(
    good: bytes, unasked: bytes, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[bytes], Callable[[], None]]]:
    """Serve good replies. The function sends unasked bytes on the first connection, at once."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(good)

    async with server(serve, tls) as (url, requests):
        yield url, requests, lambda: writers[0].write(unasked)


def client(url: str, session: aiohttp.ClientSession | None = None, http: HTTPOptions = DEFAULTS) -> NinePic:
    once = RetryPolicy(attempts=1)
    return NinePic(KEY, ORG_ID, base_url=url, timeout=5, retry=once, session=session, http=http)


async def let_it_arrive() -> None:
    for _ in range(20):
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("unasked", UNASKED)
@pytest.mark.parametrize("read_by_loop", [True, False])
async def test_a_call_gets_its_own_reply(unasked: bytes, read_by_loop: bool) -> None:
    async with pushing(answer(), unasked) as (url, requests, push), client(url) as api:
        await api.event(EVENT_ID).ping()
        push()
        if read_by_loop:
            await let_it_arrive()
        assert (await api.event(EVENT_ID).ping()).status == "ok"
    assert len(requests) == 2


@pytest.mark.parametrize("unasked", UNASKED)
@pytest.mark.parametrize("read_by_loop", [True, False])
async def test_a_call_over_tls_gets_its_own_reply(unasked: bytes, read_by_loop: bool) -> None:
    tls, http = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    CA.issue_cert("127.0.0.1").configure_cert(tls)
    CA.configure_trust(http)
    async with (
        pushing(answer(), unasked, tls) as (url, requests, push),
        client(url, http=HTTPOptions(ssl_context=http)) as api,
    ):
        await api.event(EVENT_ID).ping()
        push()
        if read_by_loop:
            await let_it_arrive()
        assert (await api.event(EVENT_ID).ping()).status == "ok"
    assert len(requests) == 2


@pytest.mark.parametrize(
    "first",
    [
        answer() + THEIRS,
        answer() + b"HTTP",
        answer(PING + THEIRS, length=len(PING)),
        b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nabcde",
        b"HTTP/1.1 304 No\r\nContent-Length: 48\r\n\r\n" + THEIRS,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\n" + PING + b"\r\n0\r\n\r\n" + THEIRS,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 48\r\n\r\n" + PING + THEIRS,
    ],
)
async def test_what_follows_a_reply_is_not_the_next_one(first: bytes) -> None:
    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(first if number == 1 else answer())

    async with server(serve) as (url, _), client(url) as api:
        with contextlib.suppress(NinePicError):
            await api.event(EVENT_ID).ping()
        for _ in range(3):
            assert (await api.event(EVENT_ID).ping()).status == "ok"


@pytest.mark.parametrize("unasked", UNASKED)
async def test_a_call_through_a_borrowed_session_gets_its_own_reply(unasked: bytes) -> None:
    async with (
        pushing(answer(), unasked) as (url, requests, push),
        aiohttp.ClientSession() as mine,
        client(url, mine) as api,
    ):
        await api.event(EVENT_ID).ping()
        push()
        await let_it_arrive()
        assert (await api.event(EVENT_ID).ping()).status == "ok"
    assert len(requests) == 2


@pytest.mark.parametrize("unasked", UNASKED)
async def test_a_photo_gets_its_own_bytes(unasked: bytes, tmp_path: Path) -> None:
    body = jpeg(2000)
    good = answer(body, "200 OK", "Content-Type: image/jpeg")
    async with pushing(good, unasked) as (url, _, push), client(url) as api:

        async def photos() -> AsyncIterator[ImageItem]:
            for name in "ab":
                link = f"{url}/{name}.jpg"
                yield ImageItem(image_id=name, img_url=link, thumbnail_url=link)
                while not (tmp_path / "a.jpg").exists():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
                push()
                await let_it_arrive()

        report = await api.event(EVENT_ID).download(photos(), tmp_path, concurrency=1)
    assert report.done == 2, report.failed
    assert [(tmp_path / f"{name}.jpg").read_bytes() for name in "ab"] == [body, body]


async def test_a_clean_connection_is_used_again() -> None:
    connections = set()

    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        connections.add(writer.get_extra_info("peername"))
        writer.write(answer())

    async with server(serve) as (url, requests), client(url) as api:
        for _ in range(5):
            await api.event(EVENT_ID).ping()
    assert len(requests) == 5
    assert len(connections) == 1
