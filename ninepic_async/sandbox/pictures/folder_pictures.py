"""Pictures from a folder: renditions of its files, and matching of whole pictures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ninepic_async.sandbox.pictures import renditions, video
from ninepic_async.sandbox.pictures.folder_photos import PREVIEW, FolderPhotos
from ninepic_async.sandbox.pictures.interface import Rendition
from ninepic_async.sandbox.pictures.matching import Vectors, open_picture
from ninepic_async.sandbox.pictures.selfies import draw_random_selfie
from ninepic_async.sandbox.seeded import seeded_rng

Cuts = tuple[tuple[float, ...], int]
GRID: Final = 14
LIKENESS: Final = 0.93
"""Minimum correlation for a match between a picture and a part of a photo."""
_SHORTLIST: Final = 5
_COARSE: Final = ((1.0, 0.96, 0.92, 0.88), 3)
_FINE: Final = (tuple(1 - 0.015 * step for step in range(9)), 6)
"""Sizes of the compared parts, as shares of the photo's sides, and the positions tried along each side."""


class FolderPictures:
    """Makes renditions, selfies and clips from the files of a folder."""

    def __init__(self, photos: FolderPhotos) -> None:
        self._photos = photos

    def photo(self, index: int, rendition: Rendition) -> bytes:
        """Return a photo as a JPEG; the original is the unchanged file."""
        if rendition == "original":
            return self._photos.files[index].path.read_bytes()
        return renditions.rendered(self._upright(index, renditions.LARGE), rendition)

    def cover(self) -> bytes:
        """Return the first photo."""
        return self.photo(0, "large")

    def selfie(self, bib: str, take: int) -> bytes:
        """Return a part of one of the BIB's photos, scaled down, and made lighter or darker."""
        rng = seeded_rng("folder selfie", bib, take)
        places = self._photos.of_bib(bib)
        picture = self._upright(places[take % len(places)], renditions.LARGE)
        part = picture.crop(_part(picture.size, rng))
        part.thumbnail((640, 640))
        return renditions.jpeg(ImageEnhance.Brightness(part).enhance(rng.uniform(0.92, 1.06)), 85)

    def stranger(self, take: int) -> bytes:
        """Return a drawn face, which none of the photos shows."""
        return renditions.jpeg(draw_random_selfie(seeded_rng("folder stranger", take)), 88)

    def match(self, upload: bytes) -> tuple[str, ...]:
        """Return the BIBs of the photo that contains an uploaded picture."""
        wanted = _normalised(open_picture(upload))
        rough = (self._references @ wanted).reshape(self._photos.total, -1).max(1)
        # Compare only the best candidates in detail.
        near = [int(place) for place in rough.argsort()[::-1][:_SHORTLIST]]
        close = {place: float((self._vectors(place, _FINE) @ wanted).max()) for place in near}
        best = max(near, key=close.__getitem__)
        return self._photos.bibs_in(best) if close[best] >= LIKENESS else ()

    def clip(self, bib: str, place: int) -> bytes:
        """Return a clip that zooms into the BIB's photos, one after the other."""
        return video.encode(self._frames(bib, place))

    @cached_property
    def _references(self) -> Vectors:
        return np.concatenate([self._vectors(place, _COARSE) for place in range(self._photos.total)])

    def _vectors(self, place: int, cuts: Cuts) -> Vectors:
        return np.stack([_normalised(part) for part in _parts(self._photos.files[place].preview, cuts)])

    def _upright(self, index: int, side: int) -> Image.Image:
        with Image.open(self._photos.files[index].path, formats=("JPEG",)) as picture:
            picture.draft("RGB", (side, side))
            return ImageOps.exif_transpose(picture).convert("RGB")

    def _frames(self, bib: str, place: int) -> Iterator[Image.Image]:
        places = self._photos.of_bib(bib)
        shown = [places[(place + step) % len(places)] for step in range(min(3, len(places)))]
        each = video.FRAMES // len(shown)
        for index in shown:
            still = ImageOps.fit(self._upright(index, 960), (960, 540))
            for frame in range(each):
                edge = 1 - 0.25 * frame / each
                width, height = 960 * edge, 540 * edge
                left, top = (960 - width) * (0.3 + 0.2 * place), (540 - height) / 2
                yield still.resize(video.SIZE, box=(left, top, left + width, top + height))


def _part(size: tuple[int, int], rng: Random) -> tuple[int, int, int, int]:
    width, height = size
    kept = rng.uniform(0.9, 0.97)
    left, top = rng.uniform(0, 1 - kept) * width, rng.uniform(0, 1 - kept) * height
    return int(left), int(top), int(left + kept * width), int(top + kept * height)


def _parts(preview: Image.Image, cuts: Cuts) -> Iterator[Image.Image]:
    """Yield the picture with parts of its border cut off."""
    shares, places = cuts
    for kept in shares:
        step = PREVIEW * (1 - kept) / (places - 1)
        for left, top in {(x * step, y * step): None for x in range(places) for y in range(places)}:
            box = (left, top, left + PREVIEW * kept, top + PREVIEW * kept)
            yield preview.resize((GRID, GRID), Image.Resampling.BILINEAR, box)


def _normalised(picture: Image.Image) -> Vectors:
    """Return a picture as a small vector, normalised in brightness and contrast."""
    small = np.asarray(picture.resize((GRID, GRID), Image.Resampling.BILINEAR), np.float32).ravel()
    centred = small - small.mean()
    scaled: Vectors = centred / max(1.0, float(np.linalg.norm(centred)))
    return scaled
