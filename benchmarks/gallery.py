"""Walking a gallery: `event.photos()` beside a bare loop of aiohttp and orjson that builds plain dicts.

    python -m benchmarks.gallery

Same server, same run, turn by turn; what counts is the ratio of the medians.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import aiohttp
import orjson

from benchmarks.sandbox_process import Served, on_core, sandbox
from ninepic_async import NinePic


async def bare(served: Served, session: aiohttp.ClientSession, kept: list[Any] | None = None) -> int:
    url = f"{served.base_url}/api/v1/ext/{served.org_id}/event/{served.event_id}/images"
    count = 0
    page = 1
    while True:
        query = {"page": page, "page_size": 100}
        async with session.get(url, params=query, headers={"X-API-Key": served.api_key}) as reply:
            data = orjson.loads(await reply.read())["data"]
        for photo in data["images"]:
            count += 1
            if kept is not None:
                kept.append(photo)
        if not data["pagination"]["hasNextPage"]:
            return count
        page += 1


async def ours(served: Served, client: NinePic, kept: list[Any] | None = None) -> int:
    count = 0
    async for photo in client.event(served.event_id).photos():
        count += 1
        if kept is not None:
            kept.append(photo)
    return count


async def seconds(walk: Callable[[], Awaitable[int]], expected: int) -> float:
    started = time.perf_counter()
    count = await walk()
    assert count == expected, (count, expected)
    return time.perf_counter() - started


async def compare(photos: int, latency_s: float, rounds: int, *, keep: bool) -> None:
    with sandbox(photos=photos, latency_s=latency_s) as served, on_core(0):
        async with (
            aiohttp.ClientSession() as session,
            NinePic(served.api_key, served.org_id, base_url=served.base_url) as client,
        ):
            times: dict[str, list[float]] = {"bare": [], "ours": []}
            for _ in range(rounds + 1):
                times["bare"].append(
                    await seconds(lambda: bare(served, session, [] if keep else None), photos)
                )
                times["ours"].append(
                    await seconds(lambda: ours(served, client, [] if keep else None), photos)
                )
    medians = {name: median(measured[1:]) for name, measured in times.items()}
    print(
        f"{photos} photos {'kept' if keep else 'looked at'}, {latency_s * 1000:.0f} ms a reply: "
        f"bare {medians['bare'] * 1000:.0f} ms, ours {medians['ours'] * 1000:.0f} ms, "
        f"speed ours/bare {medians['bare'] / medians['ours']:.2f}"
    )


if __name__ == "__main__":
    asyncio.run(compare(20_000, 0.0, 15, keep=False))
    asyncio.run(compare(20_000, 0.0, 15, keep=True))
    asyncio.run(compare(2_000, 0.030, 5, keep=False))
    asyncio.run(compare(10_000, 0.030, 3, keep=False))
