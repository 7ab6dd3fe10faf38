"""Write a ZIP of made-up files, and measure the memory of that. Runs in a process of its own, on Linux.

    python -m tests.large_zip.writer ORIGIN FILE COUNT SIZE KIND

Prints JSON: the memory before, the most during, and the seconds that it took.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ninepic_async import Clip, Event, ImageItem, NinePic

WARM_UP = 20
"""Small files in the first ZIP, which loads what is loaded once."""


def memory(name: str) -> int:
    """Return a figure of this process, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def begin_peak() -> None:
    """Let VmHWM, the most memory so far, begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def items(origin: str, count: int, size: int, kind: str) -> Iterator[ImageItem | Clip]:
    """Yield photos or clips that the host makes up."""
    for number in range(count):
        url = f"{origin}/{number}-{size}.{kind}"
        if kind == "mp4":
            yield Clip(url=url, video_id=f"clip-{number:06}")
        else:
            yield ImageItem(image_id=f"photo-{number:06}", img_url=url, thumbnail_url=url)


async def write(event: Event, source: Iterator[ImageItem | Clip], path: Path) -> None:
    """Write a ZIP to a file."""
    with path.open("wb") as file:
        async for chunk in event.zip(source, on_failure="raise"):
            file.write(chunk)


async def main(origin: str, path: Path, count: int, size: int, kind: str) -> None:
    """Write a small ZIP, then the large one, and print what it took."""
    async with NinePic("key", 903, base_url=origin) as client:
        event = client.event(456)
        await write(event, items(origin, WARM_UP, 1000, kind), path)
        gc.collect()
        before = memory("VmRSS")
        begin_peak()
        started = time.monotonic()
        await write(event, items(origin, count, size, kind), path)
        seconds = time.monotonic() - started
    print(json.dumps({"before": before, "most": memory("VmHWM"), "seconds": seconds}))


if __name__ == "__main__":
    origin, path, count, size, kind = sys.argv[1:]
    asyncio.run(main(origin, Path(path), int(count), int(size), kind))
