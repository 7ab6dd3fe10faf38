"""Run a folder of any photos through sandbox, download and gallery, and count what could not be shown.

    python -m benchmarks.real_photos FOLDER [FOLDER ...]

Folders are searched at any depth, and left as they are. Two pages are made: one of the JPEGs, which
the sandbox serves and a client downloads; and one of all photos, as if they had been downloaded.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from ninepic_async import NinePic
from ninepic_async.gallery import GalleryReport, write_gallery
from ninepic_async.gallery.scan import PHOTO_TYPES
from ninepic_async.sandbox import Sandbox

SHOWN = 40


def copy_photos(sources: list[Path], target: Path, types: frozenset[str]) -> int:
    """Copy photos into one folder, under names that stay apart. Return how many there are."""
    target.mkdir()
    photos = sorted(
        path
        for source in sources
        for path in source.rglob("*")
        if path.suffix.casefold() in types and path.is_file() and not path.name.startswith(".")
    )
    for number, path in enumerate(photos):
        shutil.copyfile(path, target / f"{number:05}-{path.name}")
    return len(photos)


async def serve_and_download(folder: Path, target: Path) -> tuple[int, list[str]]:
    """Serve a folder's JPEGs and download their originals. Return how many came, and what did not."""
    async with (
        Sandbox(folder=folder) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        event = client.event(sandbox.event_id)
        report = await event.download(event.photos(), target, rendition="original")
        missing = [f"not served: {line}" for line in sandbox.left_out]
        missing += [f"not downloaded: {row.name}: {row.error}" for row in report.failed]
        return report.done, missing


def show(title: str, total: int, report: GalleryReport, seconds: float, missing: list[str]) -> None:
    reasons = Counter(row.error.partition(":")[0] for row in report.failed)
    print(f"== {title}: {report.photos} of {total} photos shown, {seconds:.1f} s")
    for reason, count in reasons.most_common():
        print(f"   {count:4} not shown: {reason}")
    for line in [*missing, *(f"{row.name}: {row.error}" for row in report.failed)][:SHOWN]:
        print(f"      {line}")


def main(sources: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as name:
        jpegs, downloaded, everything = (Path(name, part) for part in ("jpegs", "downloaded", "all"))
        total = copy_photos(sources, jpegs, frozenset({".jpg", ".jpeg"}))
        if total:
            began = time.monotonic()
            done, missing = asyncio.run(serve_and_download(jpegs, downloaded))
            report = write_gallery(downloaded)
            show(f"JPEGs, {done} downloaded", total, report, time.monotonic() - began, missing)
        total = copy_photos(sources, everything, frozenset(PHOTO_TYPES))
        began = time.monotonic()
        show("all photos", total, write_gallery(everything), time.monotonic() - began, [])


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or sys.exit(__doc__))
