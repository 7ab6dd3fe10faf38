"""A download in a process of its own, to be killed. Arguments: origin, folder, and the names."""

from __future__ import annotations

import asyncio
import sys

from ninepic_async import ImageItem, NinePic


async def main(origin: str, to: str, names: list[str]) -> None:
    urls = [f"{origin}/{name}.jpg" for name in names]
    items = [
        ImageItem(image_id=name, img_url=url, thumbnail_url=url)
        for name, url in zip(names, urls, strict=True)
    ]
    async with NinePic("the-secret-key", 1, base_url="http://127.0.0.1:9") as client:
        (await client.event(1).download(items, to, concurrency=6)).raise_for_failures()


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
