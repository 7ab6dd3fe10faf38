"""What errors of the HTTP stack turn into: typed, retried where that helps, and quoting nothing private."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import traceback

import pytest

from ninepic_async import APIConnectionError, NinePic, NinePicError, RetryPolicy
from tests.canned import EVENT_ID, KEY, ORG_ID
from tests.raw_server import PING, always, answer, server, then_close

COOKIE = "session=c00kie-5ecret"


def client(url: str, attempts: int = 1) -> NinePic:
    retry = RetryPolicy(attempts=attempts, initial_s=0)
    return NinePic(KEY, ORG_ID, base_url=url, timeout=5, retry=retry)


async def failure(reply: bytes, attempts: int = 1) -> APIConnectionError:
    async with server(then_close(reply)) as (url, _), client(url, attempts) as api:
        with pytest.raises(APIConnectionError) as caught:
            await api.event(EVENT_ID).ping()
    return caught.value


HEAD = f"HTTP/1.1 200 OK\r\nSet-Cookie: {COOKIE}\r\nX-Echo: {KEY}\r\n"
LEAKY = {
    "cut in the headers": HEAD.encode(),
    "cut in a header": HEAD.encode()[:-10],
    "a header with a control character": f"{HEAD}X-Bad: {COOKIE}\0{KEY}\r\n\r\n".encode(),
    "a header without a colon": f"{HEAD}{COOKIE} {KEY}\r\n\r\n".encode(),
    "a header that is too long": f"{HEAD}X-Long: {COOKIE}{KEY}{'x' * 70_000}\r\n\r\n".encode(),
    "a status line that is none": f"{COOKIE} {KEY}\r\n\r\n".encode(),
    "a chunk size that is none": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{COOKIE}{KEY}\r\n".encode(),
    "a length that is none": f"{HEAD}Content-Length: {COOKIE}{KEY}\r\n\r\n".encode(),
}


@pytest.mark.parametrize("reply", LEAKY)
async def test_no_error_or_log_line_quotes_a_reply_that_can_not_be_read(
    reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = await failure(LEAKY[reply], attempts=2)
    shown = "".join(
        (caplog.text, str(error), repr(vars(error)), *traceback.format_exception(error), *error.args)
    )
    for secret in (KEY, "c00kie-5ecret"):
        assert secret not in shown
    cause: BaseException | None = error
    while cause is not None:
        assert KEY not in repr(vars(cause))
        assert "c00kie" not in f"{cause.args} {vars(cause)}"
        cause = cause.__cause__ or cause.__context__


async def test_an_error_says_where_the_reply_was_cut() -> None:
    assert "closed the connection in the headers of its reply" in str(await failure(HEAD.encode()))
    assert "closed the connection before it replied" in str(await failure(b""))


UNREADABLE = {
    "no HTTP": b"garbage\r\n\r\n",
    "a bad header": b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "no gzip": answer(b"zz", "200 OK", "Content-Encoding: gzip"),
    "header of 70 KiB": answer(PING, "200 OK", f"X-Long: {'x' * 70 * 1024}"),
}


@pytest.mark.parametrize("reply", UNREADABLE)
async def test_a_reply_that_can_not_be_read_is_not_asked_for_again(reply: str) -> None:
    error = await failure(UNREADABLE[reply], attempts=3)
    assert error.attempts == 1
    assert "the reply can't be read" in str(error)


@pytest.mark.parametrize(
    "reply", [b"", HEAD.encode(), answer(PING, length=999)], ids=["no reply", "cut head", "cut body"]
)
async def test_a_reply_that_was_cut_is_asked_for_again(reply: bytes) -> None:
    assert (await failure(reply, attempts=3)).attempts == 3


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-Long: {'x' * 64 * 1024}"],
        [f"X-{number}: x" for number in range(1000)],
        [f"Set-Cookie: {number}={'x' * 4000}" for number in range(16)],
    ],
    ids=["one of 64 KiB", "1,000 lines", "64 KB of cookies"],
)
async def test_long_headers_are_accepted(headers: list[str]) -> None:
    async with server(always(answer(PING, "200 OK", *headers))) as (url, _), client(url) as api:
        assert (await api.event(EVENT_ID).ping()).status == "ok"


async def test_too_many_headers_are_refused() -> None:
    headers = [f"X-{number}: x" for number in range(2000)]
    assert (await failure(answer(PING, "200 OK", *headers), attempts=3)).attempts == 1


async def test_a_gzipped_reply_that_was_cut_is_typed() -> None:
    body = gzip.compress(PING * 100)
    error = await failure(answer(body[:50], "200 OK", "Content-Encoding: gzip", length=len(body)))
    assert isinstance(error, APIConnectionError)


@pytest.mark.parametrize(
    "raised",
    [UnicodeError("label too long"), ValueError("bad host"), RuntimeError("odd"), MemoryError()],
    ids=repr,
)
async def test_whatever_the_resolver_raises_is_typed(
    raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_: object, **__: object) -> object:
        raise raised

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with client("http://localhost:9") as api:
        with pytest.raises(NinePicError, match=r"^ping: "):
            await api.event(EVENT_ID).ping()


async def test_a_thread_that_can_not_be_started_is_a_connection_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async with client("http://localhost:9") as api:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            with pytest.raises(APIConnectionError, match="can't start"):
                await api.event(EVENT_ID).ping()


@pytest.mark.parametrize("megabytes", [1, 10, 30])
async def test_large_selfies_arrive_whole(megabytes: int) -> None:
    selfie = b"\xff\xd8\xff" + bytes(megabytes * 1_000_000 + 123) + b"\xff\xd9"
    reply = answer(b"", "500 Oops")
    async with server(always(reply)) as (url, requests), client(url, attempts=2) as api:
        with pytest.raises(NinePicError, match="500"):
            await api.event(EVENT_ID).face_search(selfie, request_id="mine")
    assert len(requests) == 2
    assert all(selfie in request for request in requests)


async def test_a_large_json_body_arrives_whole() -> None:
    bib = "7" * 1_500_000
    reply = answer(b"", "400 No")
    async with server(always(reply)) as (url, requests), client(url) as api:
        with pytest.raises(NinePicError, match="400"):
            await api.event(EVENT_ID).originals(bib=bib).collect()
    assert bib.encode() in requests[0]
    assert b"application/json" in requests[0]


async def test_the_deadline_holds_while_a_selfie_is_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_reads:
        async with client(f"http://127.0.0.1:{never_reads.getsockname()[1]}") as api:
            patient = api.with_options(timeout=0.5)
            with pytest.raises(NinePicError, match="no answer within"):
                await patient.event(EVENT_ID).face_search(b"\xff\xd8\xff" + bytes(30_000_000))
