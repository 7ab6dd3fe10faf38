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
"""A larger photo is not shown without a thumbnail."""
_LONGEST_PROFILE_BYTES: Final = 4096
_NOT_IN_BROWSERS: Final = frozenset({"TIFF"})
_COARSE_FIRST: Final = frozenset({"1", "P", "PA", "I;16", "I;16L", "I;16B", "I;16N", "LA", "RGBA"})
"""Modes of which Pillow would make another full-size copy, or that it can't make smaller at all."""
_ORIENTATION: Final = 0x0112
_SIZE_WHEN_DECODED: Final = frozenset({"TIFF", "WEBP"})
"""Pillow turns a TIFF upright. A WebP's size is its header's until then."""
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
"""Asks for an amount of memory in bytes. May wait for it; False: there will never be as much."""


@frozen(kw_only=True)
class PhotoInfo:
    """What the page needs to know of a photo.

    Attributes:
        width: in pixels, upright; 0 if it can't be read.
        height: in pixels.
        taken_at: by the camera's clock.
        has_thumbnail: False for a photo too large to make one of: the page shows the photo itself.
        error: why it can't be shown.
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
        allow: asked for the memory that decoding needs, before the photo is decoded.

    Raises:
        OSError: the thumbnail can't be written. That a photo can't be read is in `PhotoInfo.error`.
    """
    try:
        with photos.reading(name) as file:
            small, info = _read(file, allow)
    except Exception as error:  # Pillow raises nearly anything on files that are made to break it
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
    # Reading the time decodes a PNG.
    taken_at = read_capture_time(opened.picture) if opened.kind == "JPEG" else None
    return evolve(_turned(info, _orientation(opened)), taken_at=_local(taken_at), has_thumbnail=False)


def _orientation(opened: Opened) -> int:
    """Return the orientation as browsers see it; 1 is upright."""
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
        # Still four times as fine as the thumbnail.
        picture.thumbnail((4 * EDGE, 4 * EDGE), Image.Resampling.NEAREST, reducing_gap=None)
        picture = _grey(picture.convert("I"), 256.0) if picture.mode[0] == "I" else picture.convert("RGBA")
    picture.thumbnail((EDGE, EDGE), reducing_gap=2.0)
    return _grey(picture, None) if picture.mode in ("I", "F") else picture


def _grey(picture: Image.Image, step: float | None) -> Image.Image:
    """Return a picture of more than 256 greys with 256, `step` to one; None: spread over what there is."""
    low, high = (0.0, 256.0 * step) if step else picture.getextrema()
    if not (isinstance(low, (int, float)) and isinstance(high, (int, float)) and math.isfinite(high - low)):
        raise UnreadableError("its values are no greys")
    scale = 1 / step if step else 255 / ((high - low) or 1)
    return picture.point(lambda value: value * scale + -low * scale).convert("L")


def _opaque(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        # A profile for other colours than red, green and blue is wrong from here on.
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
        return "too large for the memory that may be used"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # The texts of other errors say something of Pillow's code, and nothing of the photo.
    text = str(error) if isinstance(error, (UnreadableError, OSError, SyntaxError)) else ""
    return text if text and "<" not in text else "damaged file"
