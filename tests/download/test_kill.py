"""A run that is killed leaves a folder in which the next run resumes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

import ninepic_async
from ninepic_async.download.journal import FILE_NAME

from .conftest import files
from .host import MIB, Host


async def test_a_run_that_was_killed_three_times_becomes_complete(host: Host, to: Path) -> None:
    for place in range(4):
        host.add(f"large{place}", 12 * MIB)
    for place in range(160):
        host.add(f"small{place:03}", 150_000)
    names = [path[1:-4] for path in host.files]

    async def slow(request: web.Request, body: bytes) -> web.StreamResponse:
        """Serve ranges slowly, so that the process can be killed in the middle."""
        start = int(request.headers.get("Range", "bytes=0-")[6:-1])
        headers = {"ETag": f'"{request.path}"', "Content-Type": "image/jpeg"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        reply = web.StreamResponse(status=206 if start else 200, headers=headers)
        reply.content_length = len(body) - start
        await reply.prepare(request)
        for place in range(start, len(body), 256 * 1024):
            await reply.write(body[place : place + 256 * 1024])
            await asyncio.sleep(0.02)
        return reply

    host.always = slow
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), host.origin, str(to), *names]
    environment = {**os.environ, "PYTHONPATH": str(Path(ninepic_async.__file__).parents[1])}
    for kill in range(3):
        seen = len(host.seen)
        process = await asyncio.create_subprocess_exec(*command, env=environment)
        while len(host.seen) < seen + 24:
            assert process.returncode is None
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1 * kill)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        for name, body in files(to).items():
            assert name.endswith(".part") or body == host.files[f"/{name}"]
        with (to / FILE_NAME).open("ab") as journal:
            journal.write(b'{"key": "torn')
    host.always = None
    before = len(host.seen)
    done = sum(not name.endswith(".part") for name in files(to))
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    assert await process.wait() == 0
    assert files(to) == {path[1:]: body for path, body in host.files.items()}
    assert 0 < len(host.seen) - before <= len(names) - done + 64  # files that were named, but not yet noted
    assert any("range" in seen.headers for seen in host.seen)
    assert (to / FILE_NAME).read_bytes().count(b'{"key": "torn') == 3
    assert b"secret" not in (to / FILE_NAME).read_bytes()
