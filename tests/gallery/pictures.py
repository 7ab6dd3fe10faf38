"""Small photos for galleries, and thumbnails of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from PIL import Image

from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.gallery import page, thumbnails
from ninepic_async.gallery.timeline import Item, Photo

SUB_IFD = 0x8769
DATE_TIME_ORIGINAL = 0x9003
SUB_SEC_TIME_ORIGINAL = 0x9291
ORIENTATION = 0x0112


def draw(
    path: Path,
    size: tuple[int, int] = (60, 40),
    *,
    taken_at: datetime | None = None,
    orientation: int | None = None,
    colour: str = "teal",
) -> Path:
    """Write a JPEG whose upper left quarter is white."""
    picture = Image.new("RGB", size, colour)
    picture.paste("white", (0, 0, size[0] // 2, size[1] // 2))
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    if taken_at is not None:
        details = exif.get_ifd(SUB_IFD)
        details[DATE_TIME_ORIGINAL] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
        details[SUB_SEC_TIME_ORIGINAL] = f"{taken_at.microsecond:06}"
    picture.save(path, "JPEG", exif=exif)
    return path


def draw_many(folder: Path, number: int) -> list[Path]:
    """Write photos that differ in their names only."""
    one = draw(folder / "photo-00000.jpg")
    return [one, *(Path(shutil.copy(one, folder / f"photo-{n:05}.jpg")) for n in range(1, number))]


def make_thumbnail(photo: Path, thumbnail: Path, *, allowed: int = 2**31) -> thumbnails.PhotoInfo:
    """Make a thumbnail in this process. ``allowed`` is the memory it may take, in bytes."""
    with OpenFolder.open(photo.parent) as photos, OpenFolder.open(thumbnail.parent) as target:
        return thumbnails.make_thumbnail(
            photos, photo.name, target, thumbnail.name, lambda need: need <= allowed
        )


def write_page(folder: Path, title: str, photos: Iterable[Photo], clips: Sequence[Item] = ()) -> Path:
    """Write a page of photos that need not exist."""
    with OpenFolder.open(folder) as opened:
        return page.write_page(opened, title, photos, clips)
