"""Make one photo's thumbnail, and read the photo's size and capture time."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, Final

from attrs import evolve, frozen
from PIL import Image

from ninepic_async._support.capture_time import read_capture_time
from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.gallery.decode import EDGE, Opened, UnreadableError, open_photo

_QUALITY: Final = 80
_MOST_PIXELS_IN_PAGE: Final = 150_000_000
"""A larger photo is not shown in the page without a thumbnail."""
_LONGEST_PROFILE_BYTES: Final = 4096
_NOT_IN_BROWSERS: Final = frozenset({"TIFF"})
_COARSE_FIRST: Final = frozenset({"1", "P", "PA", "I;16", "I;16L", "I;16B", "I;16N", "LA", "RGBA"})
"""Modes that Pillow can't shrink, or can only shrink after it has made another full-size copy."""
_ORIENTATION: Final = 0x0112
_SIZE_WHEN_DECODED: Final = frozenset({"TIFF", "WEBP"})
"""Pillow rotates a TIFF when it decodes it. A WebP's size is only that of its header before."""
_WITH_ORIENTATION: Final = frozenset({"JPEG", "PNG", "AVIF"})
"""Formats whose EXIF orientation browsers follow. They ignore it in WebP, and in XMP."""
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Allow = Callable[[int], bool]
"""Requests an amount of memory in bytes. It may wait for it. It returns False if this exceeds the limit."""


@frozen(kw_only=True)
class PhotoInfo:
    """The facts about a photo for the page.

    Attributes:
        width: the width in pixels, upright; 0 if the photo can't be read.
        height: the height in pixels, upright.
        taken_at: the capture time by the camera's clock.
        has_thumbnail: False if the photo is too large for a thumbnail: the page shows the photo itself.
        error: the reason why it can't be shown.
    """

    width: int = 0
    height: int = 0
    taken_at: datetime | None = None
    has_thumbnail: bool = True
    error: str | None = None


def make_thumbnail(
    photos: OpenFolder, name: str, thumbnails: OpenFolder, thumbnail: str, allow: Allow
) -> PhotoInfo:
    """Write a small JPEG of a photo, upright and without its metadata.

    Args:
        photos: the folder of the photo.
        name: the photo's file name.
        thumbnails: the folder for the thumbnail.
        thumbnail: the thumbnail's file name.
        allow: called with the memory that decoding needs, before the photo is decoded.

    Raises:
        OSError: the thumbnail can't be written. If the photo can't be read, `PhotoInfo.error` says why.
    """
    try:
        with photos.reading(name) as file:
            small, info = _read(file, allow)
    except Exception as error:  # Pillow raises many kinds of errors on malicious files
        return PhotoInfo(error=_reason(error))
    if small is not None:
        with thumbnails.replacing(thumbnail) as target:
            small.save(target, "JPEG", quality=_QUALITY, icc_profile=_profile(small))
    return info


def _read(file: BinaryIO, allow: Allow) -> tuple[Image.Image | None, PhotoInfo]:
    opened = open_photo(file)
    info = PhotoInfo(width=opened.width, height=opened.height)
    if not allow(opened.bytes_needed):
        return None, _without_thumbnail(opened, info)
    picture = opened.decoded()
    orientation = _orientation(opened)
    if opened.kind in _SIZE_WHEN_DECODED:
        info = evolve(info, width=picture.width, height=picture.height)
    info = evolve(_turned(info, orientation), taken_at=_local(read_capture_time(opened.picture)))
    small = _shrink(picture)
    if orientation in _UPRIGHT:
        small = small.transpose(_UPRIGHT[orientation])
    return _opaque(small), info


def _without_thumbnail(opened: Opened, info: PhotoInfo) -> PhotoInfo:
    if opened.kind in _NOT_IN_BROWSERS or info.width * info.height > _MOST_PIXELS_IN_PAGE:
        raise UnreadableError(f"too large: {info.width} × {info.height} pixels")
    # Reading the time of other formats can decode the photo, as for PNG.
    taken_at = read_capture_time(opened.picture) if opened.kind == "JPEG" else None
    return evolve(_turned(info, _orientation(opened)), taken_at=_local(taken_at), has_thumbnail=False)


def _orientation(opened: Opened) -> int:
    """Return the EXIF orientation that browsers use; 1 is upright."""
    exif = Image.Exif()
    with suppress(Exception):  # damaged metadata
        if opened.kind in _WITH_ORIENTATION:
            exif.load(opened.picture.info["exif"])
    found = exif.get(_ORIENTATION)
    return found if found in _UPRIGHT else 1


def _turned(info: PhotoInfo, orientation: int) -> PhotoInfo:
    return info if orientation < 5 else evolve(info, width=info.height, height=info.width)


def _local(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=None)


def _shrink(picture: Image.Image) -> Image.Image:
    if picture.mode in _COARSE_FIRST:
        # Shrink coarsely first, to four times the size of the thumbnail.
        picture.thumbnail((4 * EDGE, 4 * EDGE), Image.Resampling.NEAREST, reducing_gap=None)
        picture = _grey(picture.convert("I"), 256.0) if picture.mode[0] == "I" else picture.convert("RGBA")
    picture.thumbnail((EDGE, EDGE), reducing_gap=2.0)
    return _grey(picture, None) if picture.mode in ("I", "F") else picture


def _grey(picture: Image.Image, step: float | None) -> Image.Image:
    """Convert a picture to 256 greys. `step` values become one grey; None maps the whole range of values."""
    low, high = (0.0, 256.0 * step) if step else picture.getextrema()
    if not (isinstance(low, (int, float)) and isinstance(high, (int, float)) and math.isfinite(high - low)):
        raise UnreadableError("its pixel values are not numbers")
    scale = 1 / step if step else 255 / ((high - low) or 1)
    return picture.point(lambda value: value * scale + -low * scale).convert("L")


def _opaque(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        # The conversion to RGB makes a profile for other colours invalid.
        if picture.mode != "RGB":
            picture.info.pop("icc_profile", None)
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    layer = picture.convert("RGBA")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _profile(picture: Image.Image) -> bytes | None:
    profile = picture.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and len(profile) <= _LONGEST_PROFILE_BYTES else None


def _reason(error: Exception) -> str:
    if isinstance(error, (MemoryError, Image.DecompressionBombError)):
        return "too large for the memory limit"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # The messages of other errors are about Pillow's code, and not about the photo.
    text = str(error) if isinstance(error, (UnreadableError, OSError, SyntaxError)) else ""
    return text if text and "<" not in text else "damaged file"
