"""A photo host for very large ZIPs: it makes each file up while it sends it.

    python -m tests.large_zip.host

Prints its address. ``/7-5000.jpg`` is photo 7, of 5,000 bytes; each number has another content.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator

from tests.raw_server import read_request

TAKEN_AT = "Mon, 19 Jan 2026 06:30:00 GMT"
_BLOCK = random.Random(9).randbytes(1024 * 1024)
_HEADS = {b"jpg": b"\xff\xd8\xff", b"mp4": b"\0\0\0\x18ftypisom"}
_PATH = re.compile(rb"GET /(\d+)-(\d+)\.(jpg|mp4) ")


def content(number: int, size: int, kind: bytes) -> Iterator[bytes]:
    """Yield a file in blocks."""
    head = _HEADS[kind] + number.to_bytes(8, "big")
    yield head
    left = size - len(head)
    while left > 0:
        yield _BLOCK[:left]
        left -= len(_BLOCK)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    try:
        while found := _PATH.match(await read_request(reader)):
            size = int(found[2])
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nLast-Modified: {TAKEN_AT}\r\n\r\n".encode()
            )
            for block in content(int(found[1]), size, found[3]):
                writer.write(block)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve() -> None:
    """Serve for ever."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
