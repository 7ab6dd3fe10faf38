"""``concurrency="auto"`` beside 1, 4, 16 and 64 on four simulated hosts, each for the same few seconds.

    python -m benchmarks.bulk_auto [--seconds 8]

(a) a fast link that a few transfers fill, (b) 100 ms to the first byte, (c) 429 for more than 8 at once,
(d) 503 SlowDown for more than 50 a second, which is 5.1 MB/s.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from multiprocessing.connection import Connection

from aiohttp import web

from benchmarks.bulk import TMPFS
from ninepic_async import DownloadProgress, HTTPOptions, ImageItem, NinePic
from ninepic_async.download.settings import Concurrency

BODY = b"\xff\xd8\xff" + bytes(100 * 1024)
Host = Callable[[], Awaitable[web.Response]]


def fast() -> Host:
    """30 MB/s in total, and 10 MB/s for each transfer."""
    free_at = 0.0

    async def serve() -> web.Response:
        nonlocal free_at
        now = asyncio.get_running_loop().time()
        free_at = max(now, free_at) + len(BODY) / 30e6
        await asyncio.sleep(max(free_at - now, len(BODY) / 10e6))
        return web.Response(body=BODY)

    return serve


def far() -> Host:
    """100 ms to the first byte."""

    async def serve() -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response(body=BODY)

    return serve


def touchy() -> Host:
    """50 ms a request, eight at once; more of them get a 429 with ``Retry-After: 1``."""
    busy = 0

    async def serve() -> web.Response:
        nonlocal busy
        if busy >= 8:
            return web.Response(status=429, headers={"Retry-After": "1"})
        busy += 1
        try:
            await asyncio.sleep(0.05)
            return web.Response(body=BODY)
        finally:
            busy -= 1

    return serve


def slow_down() -> Host:
    """50 requests a second with a burst of 5, and S3's ``SlowDown`` for more."""
    tokens, filled_at = 5.0, 0.0

    async def serve() -> web.Response:
        nonlocal tokens, filled_at
        now = asyncio.get_running_loop().time()
        tokens, filled_at = min(5.0, tokens + 50 * (now - filled_at)), now
        if tokens < 1:
            return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>")
        tokens -= 1
        return web.Response(body=BODY)

    return serve


HOSTS = {"fast": fast, "far": far, "touchy": touchy, "slow_down": slow_down}


def host_process(port: Connection) -> None:
    async def main() -> None:
        served = {name: make() for name, make in HOSTS.items()}

        async def handle(request: web.Request) -> web.Response:
            return await served[request.match_info["host"]]()

        app = web.Application()
        app.router.add_get("/{host}/{name}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


async def measured(url: str, concurrency: Concurrency, seconds: float) -> tuple[float, list[float]]:
    """Fetch for so long; give MB/s over all, and the curve, second by second."""

    async def endless() -> AsyncIterator[ImageItem]:
        number = 0
        while True:
            number += 1
            link = f"{url}/{number}.jpg"
            yield ImageItem(image_id=str(number), img_url=link, thumbnail_url=link)

    told: list[int] = [0]

    def tell(progress: DownloadProgress) -> None:
        told.append(progress.bytes_done)

    curve: list[int] = [0]
    # In memory where that can be had: a disk that others keep busy would be measured too.
    with tempfile.TemporaryDirectory(dir=TMPFS) as folder:
        async with NinePic("key", 1, http=HTTPOptions(allow_private_addresses=True)) as client:
            job = client.event(1).download(endless(), folder, concurrency=concurrency, on_progress=tell)
            task = asyncio.create_task(job)
            for _ in range(int(seconds)):
                await asyncio.sleep(1)
                curve.append(told[-1])
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled(), task.exception()
    return curve[-1] / seconds / 1e6, [(b - a) / 1e6 for a, b in pairwise(curve)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--host", choices=list(HOSTS), action="append")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=host_process, args=(there,), daemon=True)
    server.start()
    origin = f"http://127.0.0.1:{here.recv()}"
    settings: tuple[Concurrency, ...] = (1, 4, 16, 64, "auto")
    for name in arguments.host or HOSTS:
        runs = {each: asyncio.run(measured(f"{origin}/{name}", each, seconds)) for each in settings}
        best = max(run[0] for each, run in runs.items() if each != "auto")
        print(f"{name}: auto is {runs['auto'][0] / best:.2f} of the best fixed setting")
        for each, (mean, curve) in runs.items():
            print(
                f"  {each!s:>5} {mean:6.1f} MB/s  " + " ".join(f"{rate:5.1f}" for rate in curve), flush=True
            )
    server.terminate()
    server.join()


if __name__ == "__main__":
    main()
