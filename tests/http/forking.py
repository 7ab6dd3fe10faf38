"""Programs that fork while a client is in use. Each is run by its name, with the server's URL."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiohttp.client_proto import ResponseHandler

from ninepic_async import ImageItem, NinePic
from ninepic_async.sync import NinePic as BlockingNinePic

OPTIONS: dict[str, Any] = {"timeout": 5}
made: Any = None


def set_up_worker(kind: Callable[..., Any], url: str) -> None:
    """Make a client in place of the inherited one, which is collected."""
    global made
    made = kind("key", 903, base_url=url, **OPTIONS)
    gc.collect()


def work(url: str) -> str:
    if isinstance(made, BlockingNinePic):
        return made.event(456).ping().status
    return asyncio.run(_ping(url))


async def _ping(url: str) -> str:
    async with NinePic("key", 903, base_url=url, **OPTIONS) as client:
        return (await client.event(456).ping()).status


def use_a_pool(kind: Callable[..., Any], url: str) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(2, set_up_worker, (kind, url)) as pool:
        assert pool.map(work, [url] * 4, chunksize=1) == ["ok"] * 4


async def pool_beside_async_client(url: str) -> None:
    global made
    made = NinePic("key", 903, base_url=url, **OPTIONS)
    for _ in range(3):
        await made.event(456).ping()
        use_a_pool(NinePic, url)
    await made.event(456).ping()
    await made.aclose()


def pool_beside_blocking_client(url: str) -> None:
    global made
    made = BlockingNinePic("key", 903, base_url=url, **OPTIONS)
    for _ in range(3):
        made.event(456).ping()
        use_a_pool(BlockingNinePic, url)
    made.event(456).ping()
    made.close()


def in_child(act: Callable[[], None]) -> None:
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def close_every_connection() -> None:
    """Do at once what finalizers do at some time."""
    connections = [found for found in gc.get_objects() if isinstance(found, ResponseHandler)]
    assert connections
    for connection in connections:
        connection.close()


async def child_closes_connections(url: str) -> None:
    client = NinePic("key", 903, base_url=url, **OPTIONS)
    await client.event(456).ping()
    in_child(close_every_connection)
    await client.event(456).ping()
    await client.aclose()


def child_closes_the_loop(url: str) -> None:
    """The loop's own pipe wakes it when a host name was looked up in a thread."""
    look_up = socket.getaddrinfo

    def look_up_slowly(*args: Any, **how: Any) -> Any:
        time.sleep(0.2)
        return look_up(*args, **how)

    socket.getaddrinfo = look_up_slowly

    async def ping(client: NinePic) -> None:
        await client.event(456).ping()

    loop = asyncio.new_event_loop()
    first, second = (NinePic("key", 903, base_url=url.replace("127.0.0.1", "localhost")) for _ in range(2))
    loop.run_until_complete(ping(first))
    in_child(loop.close)
    loop.run_until_complete(asyncio.wait_for(ping(second), 5))
    for client in (first, second):
        loop.run_until_complete(client.aclose())
    loop.close()


async def child_closes_photo_connections(url: str, to: str) -> None:
    async def photos() -> AsyncIterator[ImageItem]:
        for name in "abc":
            yield ImageItem(image_id=name, img_url=f"{url}/{name}.jpg", thumbnail_url=f"{url}/{name}.jpg")
            while not Path(to, f"{name}.jpg").exists():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0.005)
            in_child(close_every_connection)

    client = NinePic("key", 903, base_url=url, **OPTIONS)
    report = await client.event(456).download(photos(), to, concurrency=1)
    assert report.done == 3, report.failed


if __name__ == "__main__":
    run = globals()[sys.argv[1]](*sys.argv[2:])
    if asyncio.iscoroutine(run):
        asyncio.run(run)
