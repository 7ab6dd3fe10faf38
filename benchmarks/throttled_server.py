"""A cheap server with a token bucket in front, in a process of its own. It answers pings.

Commands on stdin, one a line: ``count`` prints what was answered so far, ``rate N`` changes the rate.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from attrs import define, field, frozen

_PING = b'{"responseType":"success","message":"pong","data":{"status":"ok","org_id":903,"event_id":456}}'
_LISTING = b"<ListBucketResult/>"
_BUSY = b'{"message":"Too Many Requests"}'
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@frozen
class Counts:
    """What a server has answered."""

    accepted: int
    refused: int


@frozen
class ThrottledServer:
    """A running server."""

    url: str
    _stdin: IO[str] = field(repr=False)
    _stdout: IO[str] = field(repr=False)

    def counts(self) -> Counts:
        """Ask what has been answered so far."""
        print("count", file=self._stdin, flush=True)
        return Counts(**json.loads(self._stdout.readline()))

    def set_rate(self, rate: float) -> None:
        """Change the rate."""
        print(f"rate {rate}", file=self._stdin, flush=True)


@contextmanager
def throttled_server(rate: float, burst: float, retry_after: str = "") -> Iterator[ThrottledServer]:
    """Start a server, and stop it afterwards."""
    command = [sys.executable, "-m", "benchmarks.throttled_server", str(rate), str(burst), retry_after]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield ThrottledServer(process.stdout.readline().strip(), process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait(timeout=10)


@define
class _Bucket:
    rate: float
    burst: float
    tokens: float = 0.0
    filled_at: float = 0.0
    accepted: int = 0
    refused: int = 0

    def take(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            self.refused += 1
            return False
        self.tokens -= 1
        self.accepted += 1
        return True


class _Connection(asyncio.Protocol):
    def __init__(self, bucket: _Bucket, retry_after: str) -> None:
        self._bucket = bucket
        self._retry_after = f"Retry-After: {retry_after}\r\n" if retry_after else ""
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            self._transport.write(self._answer(is_s3=b"aws4_request" in head.lower()))

    def _answer(self, *, is_s3: bool) -> bytes:
        if self._bucket.take():
            status, headers, body = "200 OK", "", _LISTING if is_s3 else _PING
        else:
            status = "503 Slow Down" if is_s3 else "429 Too Many Requests"
            headers, body = self._retry_after, _SLOW_DOWN if is_s3 else _BUSY
        kind = "application/xml" if is_s3 else "application/json"
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        return head.encode() + body


async def _serve(rate: float, burst: float, retry_after: str) -> None:
    bucket = _Bucket(rate, burst, tokens=burst, filled_at=time.monotonic())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(bucket, retry_after), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        while line := await asyncio.to_thread(sys.stdin.readline):
            command, *values = line.split()
            if command == "rate":
                bucket.rate = float(values[0])
            else:
                print(json.dumps({"accepted": bucket.accepted, "refused": bucket.refused}), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
