"""The web apps of the examples, run as programs as their instructions say."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, ClientSession

from ninepic_async.sandbox import Sandbox

FOLDER = Path(__file__).parents[2] / "examples" / "photo_finder"
COMMANDS = {
    "aiohttp": ["app.py"],
    "fastapi": ["-m", "uvicorn", "--factory", "fastapi_app:from_environment", "--port", "{port}"],
}
START_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def served(command: list[str], sandbox: Sandbox) -> AsyncIterator[str]:
    """Run one of the apps as a program, with the sandbox in 9Pic's place."""
    port = str(free_port())
    environment = os.environ | {
        "NINEPIC_API_KEY": sandbox.api_key,
        "NINEPIC_ORG_ID": str(sandbox.org_id),
        "NINEPIC_BASE_URL": sandbox.base_url,
        "NINEPIC_EVENT_ID": str(sandbox.event_id),
        "PORT": port,
    }
    arguments = [word.format(port=port) for word in command]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=FOLDER, env=environment)
    url = f"http://127.0.0.1:{port}/"
    try:
        await answering(url)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def answering(url: str) -> None:
    async with asyncio.timeout(START_S), ClientSession() as session:
        while True:
            try:
                async with session.get(url):
                    return
            except ClientError:
                await asyncio.sleep(0.1)
