"""The aiohttp adapter, against aioresponses and raw sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from ninepic_async import (
    APIConnectionError,
    APIStatusError,
    ConfigError,
    NinePic,
    NinePicError,
    NotFoundError,
    RateLimit,
    RetryPolicy,
)
from ninepic_async._http import transport as _transport
from tests.canned import BASE, EVENT_ID, KEY, ORG_ID, pagination
from tests.raw_server import PING, always, answer, server, then_close

ONCE = RetryPolicy(attempts=1)
PING_URL = f"https://api.9pic.ai{BASE}/ping"


def client(base_url: str | None = None, **options: Any) -> NinePic:
    return NinePic(KEY, ORG_ID, base_url=base_url, **{"retry": ONCE, "timeout": 5, **options})


async def test_a_call_through_aioresponses(wire: aioresponses) -> None:
    wire.get(PING_URL, body=PING)
    async with client() as api:
        assert (await api.event(EVENT_ID).ping()).status == "ok"
    ((call,),) = wire.requests.values()
    assert call.kwargs["headers"]["X-API-Key"] == KEY
    assert call.kwargs["headers"]["User-Agent"].startswith("ninepic-async/")
    assert call.kwargs["allow_redirects"] is False


async def test_a_host_gets_fifteen_seconds_to_accept_a_connection_and_the_call_bounds_the_rest(
    wire: aioresponses,
) -> None:
    wire.get(PING_URL, body=PING)
    async with client() as api:
        await api.event(EVENT_ID).ping()
    ((call,),) = wire.requests.values()
    timeout = call.kwargs["timeout"]
    assert (timeout.sock_connect, timeout.total, timeout.sock_read) == (15, None, None)


@pytest.mark.parametrize(("extra", "is_accepted"), [(0, True), (1, False)])
async def test_a_reply_has_at_most_eight_megabytes(extra: int, is_accepted: bool) -> None:
    body = PING + b" " * (8 * 1024 * 1024 - len(PING) + extra)
    async with server(always(answer(body))) as (url, _), client(url) as api:
        if is_accepted:
            assert (await api.event(EVENT_ID).ping()).status == "ok"
        else:
            with pytest.raises(APIConnectionError, match="larger than 8388608 bytes"):
                await api.event(EVENT_ID).ping()


async def test_a_retry_through_aioresponses(wire: aioresponses) -> None:
    wire.get(PING_URL, status=503)
    wire.get(PING_URL, exception=aiohttp.ServerDisconnectedError())
    wire.get(PING_URL, exception=TimeoutError())
    wire.get(PING_URL, body=PING)
    async with client(retry=RetryPolicy(initial_s=0)) as api:
        await api.event(EVENT_ID).ping()
    assert [len(calls) for calls in wire.requests.values()] == [4]


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientPayloadError("cut"),
        OSError("no route"),
        TimeoutError(),
        aiohttp.InvalidURL("x"),
        ConnectionResetError(),
    ],
    ids=repr,
)
async def test_errors_of_aiohttp_become_connection_errors(wire: aioresponses, error: Exception) -> None:
    wire.get(PING_URL, exception=error)
    async with client() as api:
        with pytest.raises(APIConnectionError) as caught:
            await api.event(EVENT_ID).ping()
    assert str(caught.value).startswith("ping: ")
    cause = caught.value.__cause__
    assert cause is not None
    assert type(cause.__cause__) is type(error)


async def test_path_and_query_arrive_as_they_were_encoded() -> None:
    reply = answer(
        b'{"images": [], "pagination": {"total": 0, "currentPage": 0, "totalPages": 0, '
        b'"hasNextPage": false, "hasPreviousPage": false, "page_size": 32}}'
    )
    async with server(always(reply)) as (url, requests), client(url + "/proxy/") as api:
        for bib in ("A/12", "१२३", "1 2", "../x", "%2e"):
            await api.event(EVENT_ID).bib_search(bib).collect()
    paths = [request.split(b" ")[1].decode() for request in requests]
    encoded = ["A%2F12", "%E0%A5%A7%E0%A5%A8%E0%A5%A9", "1%202", "..%2Fx", "%252e"]
    assert paths == [f"/proxy{BASE}/bibs/{bib}?page=1&page_size=100" for bib in encoded]


async def test_each_attempt_sends_the_selfie_as_a_form() -> None:
    async with server(always(answer(b"", "500 Oops"))) as (url, requests):  # noqa: SIM117
        async with client(url, retry=RetryPolicy(attempts=2, initial_s=0)) as api:
            with pytest.raises(NinePicError):
                await api.event(EVENT_ID).face_search(b"\xff\xd8\xffpixels", request_id="mine")
    assert len(requests) == 2
    for request in requests:
        assert b"multipart/form-data" in request
        assert b'name="selfie"; filename="selfie.jpg"' in request
        assert b"\xff\xd8\xffpixels" in request
        assert b'name="request_id"\r\n\r\nmine' in request


async def test_a_request_id_alone_is_a_form_and_originals_are_json() -> None:
    started = answer(b'{"request_id": "theirs"}')
    async with server(always(started)) as (url, requests), client(url) as api:
        with pytest.raises(NinePicError):
            await api.event(EVENT_ID).originals(bib="7").collect()
        await api.event(EVENT_ID).start_clips(search="mine")
    assert b'{"method": "bib", "identifier": "7"}' in requests[0]
    assert b"multipart/form-data" in requests[1]


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_aiohttp_resends_nothing(keep_alive: bool) -> None:
    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        if number == 1 and keep_alive:
            writer.write(answer())
        else:
            writer.close()

    async with server(serve) as (url, requests), client(url) as api:
        if keep_alive:
            await api.event(EVENT_ID).ping()
        with pytest.raises(APIConnectionError) as caught:
            await api.event(EVENT_ID).ping()
    assert len(requests) == 1 + keep_alive
    assert caught.value.attempts == 1


async def test_redirects_are_not_followed() -> None:
    async with server(always(answer())) as (other, strangers):
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            moved = answer(b"<html>moved</html>", status, f"Location: {other}{BASE}/ping?sig=s3cret")
            async with server(always(moved)) as (url, requests), client(url) as api:
                with pytest.raises(APIStatusError, match=status[:3]) as caught:
                    await api.event(EVENT_ID).ping()
                assert len(requests) == 1
            assert f"a redirect to {other}{BASE}/ping, not followed" in str(caught.value)
            assert "s3cret" not in repr(caught.value)
    assert strangers == []


@pytest.mark.parametrize(
    "reply",
    [
        answer(PING, length=999),
        b"garbage\r\n\r\n",
        answer(b"zz", "200 OK", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["cut short", "no HTTP", "no gzip", "cut chunk"],
)
async def test_a_broken_reply_is_a_connection_error(reply: bytes) -> None:
    async with server(then_close(reply)) as (url, _), client(url) as api:
        with pytest.raises(APIConnectionError) as caught:
            await api.event(EVENT_ID).ping()
    assert "400" not in str(caught.value), "as if the service had answered so"


async def test_a_server_that_echoes_the_request_does_not_put_the_key_into_the_error() -> None:
    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(f"X-API-Key: {KEY}\r\n\r\n".encode() + request)
        await writer.drain()
        writer.close()

    async with server(serve) as (url, _), client(url) as api:
        with pytest.raises(APIConnectionError) as caught:
            await api.event(EVENT_ID).ping()
    assert KEY not in f"{caught.value} {vars(caught.value)}"
    assert KEY not in "".join(traceback.format_exception(caught.value))


async def test_a_refused_connection_was_never_sent() -> None:
    async with server(always(b"")) as (url, _):
        pass
    async with client(url, retry=RetryPolicy(attempts=3, initial_s=0)) as api:
        with pytest.raises(APIConnectionError) as caught:
            await api.event(EVENT_ID).ping()
    assert caught.value.attempts == 3


async def test_a_reply_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "LARGEST_REPLY_BYTES", 1000)
    async with server(always(answer(b"x" * 2000))) as (url, requests):  # noqa: SIM117
        async with client(url, retry=RetryPolicy(attempts=3, initial_s=0)) as api:
            with pytest.raises(APIConnectionError, match="larger"):
                await api.event(EVENT_ID).ping()
    assert len(requests) == 1


async def test_a_borrowed_session_is_used_and_never_closed() -> None:
    async with (
        server(always(answer())) as (url, requests),
        aiohttp.ClientSession(headers={"X-Mine": "1"}) as mine,
    ):
        async with client(url, session=mine) as api:
            await api.event(EVENT_ID).ping()
        assert not mine.closed
        assert b"X-Mine: 1" in requests[0]
        assert "X-API-Key" not in mine.headers


async def test_a_borrowed_session_may_raise_for_status() -> None:
    async with (
        server(always(answer(b"", "404 No"))) as (url, _),
        aiohttp.ClientSession(raise_for_status=True) as mine,
    ):
        with pytest.raises(NotFoundError):
            await client(url, session=mine).event(EVENT_ID).ping()


OWNERS_SETTINGS: dict[str, dict[str, Any]] = {
    "default headers": {
        "headers": {"Content-Type": "application/json", "X-API-Key": "x", "Accept": "text/html"}
    },
    "skipped headers": {"skip_auto_headers": ["Content-Type", "Accept", "User-Agent"]},
    "no decompression": {"auto_decompress": False},
    "a base URL": {"base_url": "https://other.example/api/"},
    "a JSON encoder": {"json_serialize": lambda value: "nonsense"},
    "no time at all": {"timeout": aiohttp.ClientTimeout(total=1e-6)},
}


@pytest.mark.parametrize("settings", OWNERS_SETTINGS)
async def test_defaults_of_a_borrowed_session_do_not_change_requests(settings: str) -> None:
    pages = b'"pagination": ' + json.dumps(pagination(0)).encode()
    body = b'{"request_id": "r", "images": [], "presigned_urls": [], ' + pages + b"}"
    packed = answer(gzip.compress(body), "200 OK", "Content-Encoding: gzip")
    async with (
        server(always(packed)) as (url, requests),
        aiohttp.ClientSession(**OWNERS_SETTINGS[settings]) as mine,
    ):
        event = client(url, session=mine).event(EVENT_ID)
        await event.photos().collect()
        await event.face_search(b"\xff\xd8\xffpixels")
        await event.originals(bib="7").collect()
    assert all(f"X-API-Key: {KEY}".encode() in request for request in requests)
    assert all(b"Accept: application/json" in request for request in requests)
    assert b"Content-Type: multipart/form-data; boundary=" in requests[1]
    assert b"Content-Type: application/json" in requests[2]
    assert b'{"method": "bib", "identifier": "7"}' in requests[2]


async def test_a_borrowed_session_of_another_loop_is_refused() -> None:
    async def make() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    with closing(asyncio.new_event_loop()) as elsewhere:
        theirs = await asyncio.to_thread(elsewhere.run_until_complete, make())
        async with server(always(answer())) as (url, requests):
            api = client(url, session=theirs)
            for _ in range(2):
                with pytest.raises(ConfigError, match="another event loop"):
                    await api.event(EVENT_ID).ping()
        await asyncio.to_thread(elsewhere.run_until_complete, theirs.close())
    assert requests == []


async def test_a_closed_borrowed_session_is_refused() -> None:
    async with aiohttp.ClientSession() as mine:
        pass
    with pytest.raises(ConfigError, match="closed"):
        await client(session=mine).event(EVENT_ID).ping()


async def test_a_closed_client_stays_closed() -> None:
    async with server(always(answer())) as (url, _):
        api = client(url)
        view = api.with_options(timeout=1)
        await view.event(EVENT_ID).ping()
        await view.aclose()
        await api.event(EVENT_ID).ping()
        await api.aclose()
        await api.aclose()
        for used in (api, view):
            with pytest.raises(ConfigError, match="closed"):
                await used.event(EVENT_ID).ping()


async def in_another_loop(call: Callable[[], Awaitable[object]]) -> BaseException | None:
    async def run() -> object:
        return await call()

    def work() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            raised.append(error)

    raised: list[BaseException] = []
    await asyncio.to_thread(work)
    return raised[0] if raised else None


@pytest.mark.parametrize("rate_limit", [None, RateLimit(20)])
async def test_a_second_loop_is_refused(rate_limit: RateLimit | None) -> None:
    async with server(always(answer())) as (url, requests), client(url, rate_limit=rate_limit) as api:
        await api.event(EVENT_ID).ping()
        error = await in_another_loop(api.event(EVENT_ID).ping)
        assert isinstance(error, ConfigError), repr(error)
        assert "loop" in str(error)
        await api.event(EVENT_ID).ping()
    assert len(requests) == 2


async def test_a_second_loop_is_refused_while_the_first_is_busy() -> None:
    go = asyncio.Event()

    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(answer())

    async with server(serve) as (url, _), client(url, max_concurrency=1, timeout=1) as api:
        calls = [asyncio.create_task(api.event(EVENT_ID).ping()) for _ in range(2)]
        await asyncio.sleep(0.01)
        error = await in_another_loop(api.event(EVENT_ID).ping)
        go.set()
        await asyncio.gather(*calls)
    assert isinstance(error, ConfigError), repr(error)


FORK = """
import asyncio, os, sys
from ninepic_async import ConfigError, NinePic

async def child(api):
    try:
        await api.event(456).ping()
    except ConfigError as error:
        return 0 if "fork" in str(error) else 3
    return 4

async def main():
    api = NinePic("key", 903, base_url=sys.argv[1], timeout=5)
    await api.event(456).ping()
    pid = os.fork()
    if pid == 0:
        asyncio.events._set_running_loop(None)
        os._exit(asyncio.new_event_loop().run_until_complete(child(api)))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    await api.event(456).ping()
    await api.aclose()
    sys.exit(code)

asyncio.run(main())
"""


async def test_a_client_that_was_used_before_a_fork_is_refused_in_the_child() -> None:
    async with server(always(answer())) as (url, requests):
        run = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", FORK, url, stderr=subprocess.PIPE, env=dict(os.environ)
        )
        _, said = await run.communicate()
    assert run.returncode == 0, said.decode()
    assert len(requests) == 2


def test_a_client_may_be_made_outside_a_loop() -> None:
    async def use() -> str:
        async with server(always(answer())) as (url, _):
            api._engine.transport._base_url = url  # type: ignore[attr-defined]
            status = (await api.event(EVENT_ID).ping()).status
            await api.aclose()
            return status

    api = client("http://127.0.0.1:1")
    assert asyncio.run(use()) == "ok"
    assert URL(PING_URL).host == "api.9pic.ai"
