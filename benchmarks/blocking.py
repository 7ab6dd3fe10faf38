"""The blocking face beside a bare async loop (a whole gallery) and beside `requests` (one call).

    pip install requests
    python -m benchmarks.blocking

Same server, same run, turn by turn; what counts is the ratio of the medians.
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


def gallery(served: Served, client: NinePic, rounds: int) -> tuple[float, float]:
    theirs, ours = [], []
    event = client.event(served.event_id)

    async def walk() -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(rounds + 1):
                started = time.perf_counter()
                expected = await bare(served, session)
                theirs.append(time.perf_counter() - started)
                # The other face's turn: its loop is in a thread of its own, and this one stands still.
                ours.append(seconds(lambda: photos.extend(event.photos())))
                assert len(photos) == expected
                photos.clear()

    photos: list[object] = []
    asyncio.run(walk())
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
        theirs, ours = gallery(served, client, rounds)
        print(
            f"{photos} photos, {latency_s * 1000:.0f} ms a reply: bare async loop {theirs * 1000:.0f} ms, "
            f"blocking {ours * 1000:.0f} ms, speed ours/bare {theirs / ours:.2f}"
        )
        theirs, ours = single_call(served, client, 30 * rounds)
        print(
            f"one call, {latency_s * 1000:.0f} ms a reply: requests {theirs * 1000:.2f} ms, "
            f"blocking {ours * 1000:.2f} ms, speed ours/requests {theirs / ours:.2f}"
        )


if __name__ == "__main__":
    compare(20_000, 0.0, 9)
    compare(2_000, 0.030, 5)
