from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

import ninepic_async
from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import Event, NinePic

from .reluctant import ReluctantServer

ROOT = Path(ninepic_async.__file__).parents[1]

Start = Callable[[str, str], "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    """A sandbox in a thread of its own."""
    with start_blocking_portal() as portal:
        running = portal.call(Sandbox(photos=1000, clip_seconds=0.2).start)
        yield running
        portal.call(running.aclose)


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Iterator[Sandbox]:
    shared_sandbox.requests.clear()
    yield shared_sandbox
    shared_sandbox.faults.clear()


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[NinePic]:
    with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as opened:
        yield opened


@pytest.fixture
def event(client: NinePic, sandbox: Sandbox) -> Event:
    return client.event(sandbox.event_id)


@pytest.fixture
def reluctant() -> Iterator[ReluctantServer]:
    with ReluctantServer() as server:
        yield server


@pytest.fixture
def start() -> Iterator[Start]:
    """Run a script in its own process. The environment leads its client to the server."""
    processes: list[subprocess.Popen[str]] = []

    def begin(base_url: str, script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "NINEPIC_BASE_URL": base_url,
                "NINEPIC_API_KEY": "key",
                "NINEPIC_ORG_ID": "1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()
