"""Small photos to make galleries of."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from PIL import Image

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
    """Write photos that are all the same but for their names."""
    one = draw(folder / "photo-00000.jpg")
    return [one, *(Path(shutil.copy(one, folder / f"photo-{n:05}.jpg")) for n in range(1, number))]
