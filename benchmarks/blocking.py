"""Compare the blocking face with a bare async loop (a whole gallery) and with `requests` (one call).

    pip install requests
    python -m benchmarks.blocking

Same server, same run, in turn. The result is the ratio of the medians.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any

import aiohttp

from benchmarks.gallery import bare
from benchmarks.sandbox_process import Served, on_core, sandbox
from ninepic_async.sync import NinePic


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def walk(client: NinePic, event_id: int, kept: list[Any] | None) -> int:
    count = 0
    for photo in client.event(event_id).photos():
        count += 1
        if kept is not None:
            kept.append(photo)
    return count


def gallery(served: Served, client: NinePic, rounds: int, *, keep: bool) -> tuple[float, float]:
    theirs, ours = [], []

    async def compared() -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(rounds + 1):
                started = time.perf_counter()
                expected = await bare(served, session, [] if keep else None)
                theirs.append(time.perf_counter() - started)
                # Now the blocking face: its loop runs in a thread of its own, and this one waits.
                started = time.perf_counter()
                found = walk(client, served.event_id, [] if keep else None)
                ours.append(time.perf_counter() - started)
                assert found == expected

    asyncio.run(compared())
    return median(theirs[1:]), median(ours[1:])


def single_call(served: Served, client: NinePic, rounds: int) -> tuple[float, float]:
    theirs, ours = [], []
    event = client.event(served.event_id)
    url = f"{served.base_url}/api/v1/ext/{served.org_id}/event/{served.event_id}/ping"
    requests: Any = import_module("requests")  # not one of our dependencies
    with requests.Session() as session:
        session.headers["X-API-Key"] = served.api_key
        for _ in range(rounds):
            theirs.append(seconds(lambda: session.get(url, timeout=60).json()))
            ours.append(seconds(event.ping))
    return median(theirs), median(ours)


def compare(photos: int, latency_s: float, rounds: int) -> None:
    with (
        sandbox(photos=photos, latency_s=latency_s) as served,
        on_core(0),
        NinePic(served.api_key, served.org_id, base_url=served.base_url) as client,
    ):
        for keep in (False, True):
            theirs, ours = gallery(served, client, rounds, keep=keep)
            print(
                f"{photos} photos {'kept' if keep else 'looked at'}, {latency_s * 1000:.0f} ms a reply: "
                f"bare async loop {theirs * 1000:.0f} ms, blocking {ours * 1000:.0f} ms, "
                f"speed ours/bare {theirs / ours:.2f}"
            )
        theirs, ours = single_call(served, client, 30 * rounds)
        print(
            f"one call, {latency_s * 1000:.0f} ms a reply: requests {theirs * 1000:.2f} ms, "
            f"blocking {ours * 1000:.2f} ms, speed ours/requests {theirs / ours:.2f}"
        )


if __name__ == "__main__":
    compare(20_000, 0.0, 9)
    compare(2_000, 0.030, 5)
