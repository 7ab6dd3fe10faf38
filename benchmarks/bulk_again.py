"""A second run that has nothing to do: CPU, time to the first progress, and memory, for many finished files.

    python -m benchmarks.bulk_again [--files 1000000] [--shuffled]

The files have one byte each. In the journal's order nothing is indexed; shuffled, everything is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bulk import TMPFS


def image_id(number: int) -> str:
    return f"a4402318-0cf4-4e1e-b8e8-{number:012}"


def prepare(folder: Path, count: int) -> None:
    """Write the files, and the journal that a first run would have left."""
    from ninepic_async.download.identity import photo_key
    from ninepic_async.download.journal import FILE_NAME, Listed, Row, to_object

    with (folder / FILE_NAME).open("w") as journal:
        for number in range(count):
            identity = image_id(number)
            listed = Listed(list="photos", place=number, hour="2026-01-19T06")
            row = Row(
                key=photo_key("large", identity),
                id=identity,
                name=identity + ".jpg",
                state="done",
                bytes=1,
                listed=listed,
            )
            journal.write(json.dumps(to_object(row)) + "\n")
            descriptor = os.open(folder / row.name, os.O_WRONLY | os.O_CREAT)
            os.write(descriptor, b"x")
            os.close(descriptor)


async def again(folder: str, numbers: list[int] | range) -> dict[str, float]:
    from ninepic_async import DownloadProgress, ImageItem, NinePic

    def photos() -> Iterator[ImageItem]:
        for number in numbers:
            identity = image_id(number)
            url = f"http://127.0.0.1:9/imgs/456/large/{identity}.jpg"
            yield ImageItem(image_id=identity, img_url=url, thumbnail_url=url)

    first: list[float] = []

    def tell(_: DownloadProgress) -> None:
        first.append(time.perf_counter())

    async with NinePic("key", 1) as client:
        before, started, cpu = _peak_mb(), time.perf_counter(), time.process_time()
        report = await client.event(1).download(photos(), folder, on_progress=tell)
    assert report.skipped == len(numbers), report
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "first": first[0] - started,
        "memory": _peak_mb() - before,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        numbers: list[int] | range = range(arguments.files)
        if arguments.shuffled:
            numbers = random.Random(0).sample(numbers, len(numbers))
        print(json.dumps(asyncio.run(again(arguments.child, numbers))))
        return
    with tempfile.TemporaryDirectory(dir=TMPFS) as folder:
        prepare(Path(folder), arguments.files)
        for order in ("in order", "shuffled"):
            command = [sys.executable, "-m", "benchmarks.bulk_again", "--files", str(arguments.files)]
            command += ["--child", folder, *(["--shuffled"] if order == "shuffled" else [])]
            found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            print(
                f"{arguments.files:,} files, {order}: {found['cpu']:.1f} s of CPU, {found['seconds']:.1f} s, "
                f"first progress after {found['first']:.2f} s, {found['memory']:.0f} MB more memory",
                flush=True,
            )


if __name__ == "__main__":
    main()
