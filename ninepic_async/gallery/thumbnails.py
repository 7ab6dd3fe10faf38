"""One photo made small, and what it tells about itself on that occasion."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from attrs import frozen
from PIL import Image, JpegImagePlugin

from ninepic_async.gallery.scan import OWN, whole_file

EDGE: Final = 480
"""The longer side of a thumbnail, in pixels: sharp in the grid on most screens, about 25 KB."""
_QUALITY: Final = 80
_MOST_PIXELS: Final = 250_000_000
"""Of a baseline JPEG, which is reduced while it is decoded. No camera's photo has more."""
_MOST_PIXELS_WHOLE: Final = 60_000_000
"""Of anything that has to be in memory whole."""
_LONGEST_PROFILE_BYTES: Final = 4096
_JPEG: Final = b"\xff\xd8\xff"
_OTHERS: Final = ("PNG", "WEBP", "GIF")

_ORIENTATION: Final = 0x0112
_SUB_IFD: Final = 0x8769
_DATE_TIME_ORIGINAL: Final = 0x9003
_SUB_SEC_TIME_ORIGINAL: Final = 0x9291
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@frozen(kw_only=True)
class Look:
    """What a photo is like, looked at upright.

    Attributes:
        width: in pixels; 0 if it can't be read.
        height: in pixels.
        taken_at: by the camera's clock.
        error: why it can't be read, if it can't.
    """

    width: int = 0
    height: int = 0
    taken_at: datetime | None = None
    error: str | None = None


def make_thumbnail(photo: Path, thumbnail: Path) -> Look:
    """Write a small JPEG of a photo, upright and without its metadata.

    Raises:
        OSError: the thumbnail can't be written. A photo that can't be read is no error; its look says so.
    """
    try:
        with os.fdopen(os.open(photo, os.O_RDONLY | OWN), "rb") as file:
            small, look = _small(file)
    except Exception as error:  # Pillow's readers raise nearly anything on files that are made to break them
        return Look(error=_reason(error))
    profile = small.info.get("icc_profile") or b""
    with whole_file(thumbnail) as target:
        small.save(
            target,
            "JPEG",
            quality=_QUALITY,
            icc_profile=profile if len(profile) <= _LONGEST_PROFILE_BYTES else None,
        )
    return look


def _small(file: BinaryIO) -> tuple[Image.Image, Look]:
    picture = _opened(file)
    orientation, taken_at = _told(picture)
    width, height = picture.size
    if picture.mode in ("1", "P"):
        picture = picture.convert("RGBA")
    # Reduced by the decoder as far as it goes, then by hand.
    picture.thumbnail((EDGE, EDGE), reducing_gap=2.0)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    if orientation >= 5:
        width, height = height, width
    return _opaque(picture), Look(width=width, height=height, taken_at=taken_at)


def _opened(file: BinaryIO) -> Image.Image:
    head = file.read(len(_JPEG))
    file.seek(0)
    # Not by Image.open, which takes large JPEGs for an attack: they are never decoded at full size here.
    picture = JpegImagePlugin.JpegImageFile(file) if head == _JPEG else Image.open(file, formats=_OTHERS)
    whole = head != _JPEG or "progressive" in picture.info
    most = _MOST_PIXELS_WHOLE if whole else _MOST_PIXELS
    if picture.width * picture.height > most:
        raise ValueError(f"{picture.width} × {picture.height} pixels are too many to look at")
    return picture


def _told(picture: Image.Image) -> tuple[int, datetime | None]:
    """Read orientation and capture time from the EXIF; what makes no sense counts as not there."""
    try:
        exif = picture.getexif()
        details = exif.get_ifd(_SUB_IFD)
        orientation = exif.get(_ORIENTATION, 1)
        text = str(details.get(_DATE_TIME_ORIGINAL, "")).strip("\0 ")
        fraction = str(details.get(_SUB_SEC_TIME_ORIGINAL, "")).strip("\0 ")
    except Exception:  # as above
        return 1, None
    return orientation if orientation in _UPRIGHT else 1, _moment(text, fraction)


def _moment(text: str, fraction: str) -> datetime | None:
    try:
        moment = datetime.strptime(text, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    # Pictures of one burst differ in this alone.
    digits = fraction[:6] if fraction.isascii() and fraction.isdecimal() else "0"
    return moment.replace(microsecond=int(digits.ljust(6, "0")))


def _opaque(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        # A profile for other colours than red, green and blue would be wrong from here on.
        if picture.mode != "RGB":
            picture.info.pop("icc_profile", None)
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    seen = picture.convert("RGBA")
    ground.paste(seen, mask=seen.getchannel("A"))
    return ground


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error)
    return text if text and "<" not in text else "not a picture that can be read"
