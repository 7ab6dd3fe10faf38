"""A download in a process with few file descriptors.

Arguments: the limit, the concurrency, descriptors taken later, the origin, the folder, and the names.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys

from ninepic_async import DownloadProgress, ImageItem, NinePic


async def main(limit: str, concurrency: str, taken_later: str, origin: str, to: str, *names: str) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), int(limit)))
    urls = [f"{origin}/{name}.jpg" for name in names]
    items = [
        ImageItem(image_id=name, img_url=url, thumbnail_url=url)
        for name, url in zip(names, urls, strict=True)
    ]
    taken: list[int] = []

    def take(_: DownloadProgress) -> None:
        """Take the last descriptors for a while, as another part of a program can."""
        try:
            while len(taken) < int(taken_later):
                taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            os.close(taken.pop())
            os.close(taken.pop())

    async with NinePic("the-secret-key", 1, base_url="http://127.0.0.1:9") as client:
        report = await client.event(1).download(
            items, to, concurrency="auto" if concurrency == "auto" else int(concurrency), on_progress=take
        )
    print(f"{report.done} done, {len(report.failed)} failed", *report.failed[:3])


asyncio.run(main(*sys.argv[1:]))
