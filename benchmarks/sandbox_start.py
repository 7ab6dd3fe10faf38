"""Measure a new sandbox: start, first answer, close. No picture is drawn."""

from __future__ import annotations

import asyncio
import statistics
import time

from aiohttp import ClientSession

from ninepic_async.sandbox import Sandbox

ROUNDS = 15
SIZES = (0, 500, 10_000, 100_000)


async def one_round(photos: int, session: ClientSession) -> tuple[float, float, float]:
    begun = time.perf_counter()
    async with Sandbox(photos=photos) as sandbox:
        started = time.perf_counter()
        bib = sandbox.bibs[0] if sandbox.bibs else "1"
        url = f"{sandbox.base_url}/api/v1/ext/{sandbox.org_id}/event/{sandbox.event_id}/bibs/{bib}"
        async with session.get(url, headers={"X-API-Key": sandbox.api_key}) as reply:
            assert (await reply.json())["responseType"] == "success"
        answered = time.perf_counter()
    return started - begun, answered - started, time.perf_counter() - answered


async def main() -> None:
    print("median, in milliseconds")
    print(f"{'photos':>8} {'start':>8} {'BIB search':>11} {'close':>8}")
    async with ClientSession() as session:
        for photos in SIZES:
            rounds = [await one_round(photos, session) for _ in range(ROUNDS)]
            start, search, close = (1000 * statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{photos:8} {start:8.1f} {search:11.1f} {close:8.1f}")


if __name__ == "__main__":
    asyncio.run(main())
