"""Match faces by pixels: compare small colour patches at many positions and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ninepic_async.sandbox.pictures.interface import NotAPictureError

Vectors = NDArray[np.float32]
PATCH: Final = 16
"""Side of a patch in pixels; a head fills it from the top to the chin."""
THRESHOLD: Final = 20.0
"""Largest mean error (0 to 255) between two patches of the same face."""
_HEADS: Final = tuple(0.32 * 1.03**step for step in range(22))
"""Heights of the heads to search for, as shares of the picture's height."""
_GAIN: Final = (0.82, 1.2)


def open_picture(data: bytes) -> Image.Image:
    """Return an uploaded picture, upright and in RGB; raise `NotAPictureError` if it is not readable."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except Exception as error:  # Pillow raises many kinds of errors for malformed files
        raise NotAPictureError(str(error)) from error


def face_vector(patch: Image.Image) -> Vectors:
    """Return the vector of a face that fills the picture."""
    small = patch.resize((PATCH, PATCH), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32)[_MASK].ravel()


def best_match(picture: Image.Image, references: Vectors) -> int | None:
    """Return the index of the reference that matches a face in the middle of the picture, if any."""
    if not len(references):
        return None
    best = (THRESHOLD, -1)
    for windows in _windows(picture):
        errors = distances(windows, references)
        at = int(errors.argmin())
        best = min(best, (float(errors.flat[at]), at % len(references)))
    return None if best[1] < 0 else best[1]


def distances(patches: Vectors, references: Vectors) -> Vectors:
    """Return the mean error of each patch against each reference, after a limited brightness adjustment."""
    dots = patches @ references.T
    powers = (patches**2).sum(1)[:, None]
    gain = np.clip(dots / np.maximum(powers, 1.0), *_GAIN)
    errors = gain**2 * powers - 2 * gain * dots + (references**2).sum(1)
    mean: Vectors = np.sqrt(np.maximum(errors, 0) / references.shape[1])
    return mean


def _windows(picture: Image.Image) -> Iterator[Vectors]:
    """Yield patches from the middle of the picture, for each size of a head."""
    softened = picture.copy()
    softened.thumbnail((480, 480), Image.Resampling.BOX)
    for share in _HEADS:
        pixel = softened.height * share / PATCH
        for right, down in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)):
            yield _tiles(softened, pixel, right, down)


def _tiles(picture: Image.Image, pixel: float, right: float, down: float) -> Vectors:
    """Return all patches near the middle, for one pixel size and offset of the grid."""
    columns = max(PATCH, int(picture.width / pixel - right))
    rows = max(PATCH, int(picture.height / pixel - down))
    left, top = right * pixel, down * pixel
    box = (left, top, min(picture.width, left + columns * pixel), min(picture.height, top + rows * pixel))
    small = np.asarray(picture.resize((columns, rows), Image.Resampling.BILINEAR, box), np.float32)
    views = np.lib.stride_tricks.sliding_window_view(small, (PATCH, PATCH), axis=(0, 1))
    near = views[_middle(rows, rows), _middle(columns, rows)]
    return (
        near.transpose(0, 1, 3, 4, 2)
        .reshape(-1, PATCH, PATCH, 3)[:, _MASK]
        .reshape(near.shape[0] * near.shape[1], -1)
    )


def _middle(length: int, rows: int) -> slice:
    """Return the range of start positions for patches near the middle of the picture."""
    start, reach = (length - PATCH) // 2, max(2, round(rows * 0.14))
    return slice(max(0, start - reach), start + reach + 2)


def _oval() -> NDArray[np.bool_]:
    y, x = np.mgrid[0:PATCH, 0:PATCH]
    middle = (PATCH - 1) / 2
    inside: NDArray[np.bool_] = ((x - middle) / (0.4 * PATCH)) ** 2 + ((y - middle) / (0.5 * PATCH)) ** 2 <= 1
    return inside


_MASK: Final = _oval()
