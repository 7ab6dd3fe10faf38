"""Walk a gallery: both faces of the SDK, a bare loop of aiohttp and orjson, and httpx with pydantic models.

    pip install httpx pydantic
    python -m benchmarks.gallery

Same server, same run, turn by turn. Compare the ratios of the medians, not the times. The canned server costs
next to nothing, so there the client's own work counts most; the sandbox works for each reply.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from statistics import median
from typing import Any

import aiohttp
import orjson
from attrs import frozen

from benchmarks.sandbox_process import Served, canned, on_core, sandbox
from ninepic_async import NinePic, sync

PAGE_SIZE = 100


def url_of(served: Served) -> str:
    return f"{served.base_url}/api/v1/ext/{served.org_id}/event/{served.event_id}/images"


async def bare(served: Served, session: aiohttp.ClientSession, kept: list[Any] | None = None) -> int:
    count, page = 0, 1
    while True:
        query = {"page": page, "page_size": PAGE_SIZE}
        async with session.get(url_of(served), params=query, headers={"X-API-Key": served.api_key}) as reply:
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


async def blocking(served: Served, client: sync.NinePic, kept: list[Any] | None = None) -> int:
    # Its loop runs in its own thread, and this one waits.
    count = 0
    for photo in client.event(served.event_id).photos():
        count += 1
        if kept is not None:
            kept.append(photo)
    return count


def generated_sdk() -> Callable[[Served, Any, list[Any] | None], Awaitable[int]]:
    """Return the loop that a client generated from an OpenAPI description runs."""
    from pydantic import BaseModel

    class Photo(BaseModel):
        image_id: str
        img_url: str
        thumbnail_url: str
        original_url: str | None = None
        width: int | None = None
        height: int | None = None

    class Pagination(BaseModel):
        total: int
        currentPage: int  # noqa: N815 (as the service calls it)
        totalPages: int  # noqa: N815
        hasNextPage: bool  # noqa: N815
        hasPreviousPage: bool  # noqa: N815
        page_size: int

    class Data(BaseModel):
        images: list[Photo]
        pagination: Pagination

    class Envelope(BaseModel):
        data: Data

    async def walk(served: Served, client: Any, kept: list[Any] | None = None) -> int:
        count, page = 0, 1
        while True:
            query = {"page": page, "page_size": PAGE_SIZE}
            reply = await client.get(url_of(served), params=query, headers={"X-API-Key": served.api_key})
            data = Envelope.model_validate_json(reply.content).data
            for photo in data.images:
                count += 1
                if kept is not None:
                    kept.append(photo)
            if not data.pagination.hasNextPage:
                return count
            page += 1

    return walk


@frozen
class Measured:
    """One walk."""

    seconds: float
    cpu_s: float


async def measured(walk: Callable[[], Awaitable[int]], expected: int) -> Measured:
    started, cpu = time.perf_counter(), time.process_time()
    count = await walk()
    assert count == expected, (count, expected)
    return Measured(time.perf_counter() - started, time.process_time() - cpu)


async def compare(
    name: str, server: AbstractContextManager[Served], photos: int, rounds: int, *, keep: bool = False
) -> None:
    import httpx

    generated = generated_sdk()
    with server as served, on_core(0):
        settings: dict[str, Any] = {"base_url": served.base_url}
        async with (
            aiohttp.ClientSession() as session,
            NinePic(served.api_key, served.org_id, **settings) as client,
            httpx.AsyncClient() as other,
        ):
            with sync.NinePic(served.api_key, served.org_id, **settings) as blocking_client:
                walks: dict[str, Callable[[list[Any] | None], Awaitable[int]]] = {
                    "aiohttp + orjson": lambda kept: bare(served, session, kept),
                    "ninepic_async": lambda kept: ours(served, client, kept),
                    "ninepic_async.sync": lambda kept: blocking(served, blocking_client, kept),
                    "httpx + pydantic": lambda kept: generated(served, other, kept),
                }
                runs: dict[str, list[Measured]] = {each: [] for each in walks}
                for _ in range(rounds + 1):
                    for each, walk in walks.items():
                        kept: list[Any] | None = [] if keep else None
                        runs[each].append(await measured(lambda walk=walk, kept=kept: walk(kept), photos))  # type: ignore[misc]
    print(f"{photos:,} photos {'kept' if keep else 'looked at'}, {name}")
    report(runs, -(-photos // PAGE_SIZE))


def report(runs: dict[str, list[Measured]], pages: int) -> None:
    seconds = {name: median(run.seconds for run in each[1:]) for name, each in runs.items()}
    cpu = {name: median(run.cpu_s for run in each[1:]) for name, each in runs.items()}
    first = next(iter(runs))
    for name, took in seconds.items():
        print(
            f"  {name:20} {took * 1000:7.0f} ms, {cpu[name] / pages * 1e6:5.0f} us CPU a page, "
            f"speed {seconds[first] / took:.2f} of {first}",
            flush=True,
        )


async def main() -> None:
    await compare("canned replies", canned(photos=20_000), 20_000, 15)
    await compare("canned replies", canned(photos=20_000), 20_000, 9, keep=True)
    await compare("the sandbox", sandbox(photos=20_000), 20_000, 7)
    await compare("canned, 30 ms a reply", canned(photos=10_000, latency_s=0.030), 10_000, 3)


if __name__ == "__main__":
    asyncio.run(main())
