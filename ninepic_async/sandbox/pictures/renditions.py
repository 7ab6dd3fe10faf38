"""Encode pictures: renditions, watermark, EXIF."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from ninepic_async.sandbox.pictures.brush import Brush
from ninepic_async.sandbox.pictures.interface import Rendition

LARGE: Final = 1080
SMALL: Final = 320
_DATE_TIME: Final = 0x0132
_EXIF_SUB_IFD: Final = 0x8769
_DATE_TIME_ORIGINAL: Final = 0x9003
_MAKE: Final = 0x010F


def rendered(picture: Image.Image, rendition: Rendition) -> bytes:
    """Return a picture as a small or large JPEG; `original` makes originals."""
    side = SMALL if rendition == "small" else LARGE
    shown = picture.copy()
    shown.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if rendition == "large":
        shown = _watermarked(shown)
    return jpeg(shown, 82)


def original(picture: Image.Image, taken_at: int | None) -> bytes:
    """Return a picture at full size as a JPEG with its capture time."""
    exif = Image.Exif()
    exif[_MAKE] = "9Pic sandbox"
    if taken_at is not None:
        text = datetime.fromtimestamp(taken_at, UTC).strftime("%Y:%m:%d %H:%M:%S")
        exif[_DATE_TIME] = text
        exif.get_ifd(_EXIF_SUB_IFD)[_DATE_TIME_ORIGINAL] = text
    return jpeg(picture, 88, exif)


def jpeg(picture: Image.Image, quality: int, exif: Image.Exif | None = None) -> bytes:
    """Return a picture as JPEG bytes."""
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, exif=exif or Image.Exif())
    return out.getvalue()


def _watermarked(picture: Image.Image) -> Image.Image:
    return Image.composite(Image.new("RGB", picture.size, (255, 255, 255)), picture, _watermark(picture.size))


@lru_cache(maxsize=4)
def _watermark(size: tuple[int, int]) -> Image.Image:
    mark = Image.new("RGB", size)
    pen = Brush(ImageDraw.Draw(mark))
    width, height = size
    for row in range(3):
        for column in range(3):
            x, y = (column + 0.5 * (row % 2) + 0.25) * width / 3, (row + 0.5) * height / 3
            pen.text("9Pic preview", x, y, width / 4, height / 22, (96, 96, 96))
    return mark.convert("L")
