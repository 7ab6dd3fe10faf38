"""Run a server in a process of its own, so that server and client share no core and no event loop."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen


@frozen
class Served:
    """Where the server is, and what to send it."""

    base_url: str
    api_key: str
    org_id: int
    event_id: int
    bib: str


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Keep this process on one core for a while, if the machine has several.

    On loopback the kernel likes to wake the receiver on the sender's core, which makes client and server
    take turns although another core idles. No network does that.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def sandbox(*, photos: int, latency_s: float = 0.0) -> Iterator[Served]:
    """Start a sandbox, and stop it afterwards."""
    with _process(__file__, str(photos), str(latency_s)) as served:
        yield served


@contextmanager
def canned(*, photos: int, latency_s: float = 0.0) -> Iterator[Served]:
    """Start a server of canned replies, and stop it afterwards."""
    with _process("-m", "benchmarks.canned_server", str(photos), str(latency_s)) as served:
        yield served


@contextmanager
def _process(*arguments: str) -> Iterator[Served]:
    command = [sys.executable, *arguments]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Served(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait(timeout=10)


async def _serve(photos: int, latency_s: float) -> None:
    from ninepic_async.sandbox import Sandbox

    async with Sandbox(photos=photos, latency_s=latency_s) as served:
        place = {
            "base_url": served.base_url,
            "api_key": served.api_key,
            "org_id": served.org_id,
            "event_id": served.event_id,
            "bib": served.bibs[0],
        }
        print(json.dumps(place), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with on_core(1):
        asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
