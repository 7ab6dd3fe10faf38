"""Whatever bytes a server sends, a call ends in a result or a typed error."""

from __future__ import annotations

import asyncio
import gzip
import os
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ninepic_async import APIConnectionError, NinePic, NinePicError, RetryPolicy
from ninepic_async.models import Ping
from tests.canned import EVENT_ID, KEY, ORG_ID
from tests.raw_server import PING, answer, server, then_close

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "50"))
CHUNKED: Final = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n"
    % (len(PING), PING)
)
SEEDS: Final = (
    answer(),
    answer(PING, "503 Busy", "Retry-After: 0.01", "Date: Thu, 26 Nov 2026 12:00:00 GMT"),
    answer(gzip.compress(PING), "200 OK", "Content-Encoding: gzip", "Set-Cookie: a=b; Secure"),
    CHUNKED,
    b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
    b"HTTP/1.0 200 OK\r\n\r\n" + PING,
)
PIECES: Final = (
    *(b"\r\n", b"\n", b"\0", b":", b" ", b"\xff", b"%00", b"\x1b[2J", KEY.encode(), b"9" * 40),
    *(b"HTTP/1.1 200 OK\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"-1", b"gzip"),
    *(b"Content-Encoding: br\r\n", b"Content-Type: text/html; charset=utf-7\r\n", b"Upgrade: h2c\r\n"),
)


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """A reply with pieces of it cut out, replaced or put in."""
    reply = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(reply)))
        after = min(len(reply), at + draw(st.sampled_from([0, 0, 1, 2, 8, 1000])))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=4))
        reply = reply[:at] + piece + reply[after:]
    return reply


async def outcome(reply: bytes) -> Ping | NinePicError:
    retry = RetryPolicy(attempts=2, initial_s=0)
    async with (
        server(then_close(reply)) as (url, _),
        NinePic(KEY, ORG_ID, base_url=url, timeout=20, retry=retry) as client,
    ):
        try:
            return await client.event(EVENT_ID).ping()
        except NinePicError as error:
            return error


@settings(max_examples=EXAMPLES)
@given(replies())
@example(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + PING)
@example(b"HTTP/1.1 999 \xff\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br\r\nContent-Length: 3\r\n\r\nabc")
@example(b"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\nabcde")
@example(b"\r\n" * 1000 + answer())
def test_any_reply_is_a_result_or_a_typed_error(reply: bytes) -> None:
    found = asyncio.run(outcome(reply))
    assert isinstance(found, (Ping, NinePicError))
    if isinstance(found, APIConnectionError):
        assert str(found).startswith("ping: ")
        assert str(found).isprintable()
    assert KEY not in f"{found!r} {found}"
