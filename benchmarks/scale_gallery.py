"""A server of one event's list, for `benchmarks/scale.py`: photos by number, links to another host."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from aiohttp import web

PAGE = 100


def page(number: int, photos: int, links: str) -> bytes:
    first = (number - 1) * PAGE
    images = [
        {
            "image_id": f"{place:08}-0000-4000-8000-000000000000",
            "img_url": f"{links}/{place:08}.jpg",
            "thumbnail_url": f"{links}/{place:08}.jpg",
            "width": 3240,
            "height": 4860,
        }
        for place in range(first, min(first + PAGE, photos))
    ]
    last = -(-photos // PAGE)
    pagination = {
        "total": photos,
        "currentPage": number,
        "totalPages": last,
        "hasNextPage": number < last,
        "hasPreviousPage": number > 1,
        "page_size": PAGE,
    }
    data = {"images": images, "pagination": pagination}
    return orjson.dumps({"responseType": "success", "message": "", "data": data})


def serve(photos: int, links: str, port: Any) -> None:
    async def images(request: web.Request) -> web.Response:
        body = page(int(request.query.get("page", "1")), photos, links)
        return web.Response(body=body, content_type="application/json")

    async def days(_: web.Request) -> web.Response:
        return web.json_response({"responseType": "success", "message": "", "data": {"days": []}})

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/api/v1/ext/903/event/456/images", images)
        app.router.add_get("/api/v1/ext/903/event/456/timeline/days", days)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def gallery(photos: int, links: str) -> Iterator[str]:
    """Serve an event of so many photos from another process, and give the API's address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(photos, links, theirs))
    process.start()
    try:
        if not ours.poll(60):
            raise SystemExit("the gallery's server did not start")
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()
