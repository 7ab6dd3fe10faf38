"""The pictures of a folder: renditions of its files, and matching by the look of the whole picture."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ninepic_async.sandbox.pictures import clips
from ninepic_async.sandbox.pictures import renditions as photographs
from ninepic_async.sandbox.pictures.base import Rendition
from ninepic_async.sandbox.pictures.matching import Vectors, open_picture
from ninepic_async.sandbox.pictures.photo_folder import PREVIEW, FolderGallery
from ninepic_async.sandbox.pictures.selfies import portrait_of_anybody
from ninepic_async.sandbox.seeded import rng

Cuts = tuple[tuple[float, ...], int]
GRID: Final = 14
LIKENESS: Final = 0.93
"""Smallest correlation at which a picture is taken for a piece of another."""
_SHORTLIST: Final = 5
_COARSE: Final = ((1.0, 0.96, 0.92, 0.88), 3)
_FINE: Final = (tuple(1 - 0.015 * step for step in range(9)), 6)
"""How much of a photo's sides its pieces hold, and how many places along a side they are taken from."""


class FolderPictures:
    """Renditions, selfies and clips from the files of a folder."""

    def __init__(self, gallery: FolderGallery) -> None:
        self._gallery = gallery

    def photo(self, index: int, rendition: Rendition) -> bytes:
        """A photo as a JPEG; the original is the file as it is."""
        if rendition == "original":
            return self._gallery.files[index].path.read_bytes()
        return photographs.rendered(self._upright(index, photographs.LARGE), rendition)

    def cover(self) -> bytes:
        """The first photo."""
        return self.photo(0, "large")

    def selfie(self, bib: str, take: int) -> bytes:
        """A piece of one of the BIB's photos, a little smaller, lighter or darker."""
        dice = rng("folder selfie", bib, take)
        places = self._gallery.of_bib(bib)
        picture = self._upright(places[take % len(places)], photographs.LARGE)
        piece = picture.crop(_piece(picture.size, dice))
        piece.thumbnail((640, 640))
        return photographs.jpeg(ImageEnhance.Brightness(piece).enhance(dice.uniform(0.92, 1.06)), 85)

    def stranger(self, take: int) -> bytes:
        """A drawn face, which is in none of the photos."""
        return photographs.jpeg(portrait_of_anybody(rng("folder stranger", take)), 88)

    def match(self, upload: bytes) -> tuple[str, ...]:
        """The BIBs of the photo that an uploaded picture is a piece of."""
        wanted = _standard(open_picture(upload))
        rough = (self._references @ wanted).reshape(self._gallery.total, -1).max(1)
        # The few that come near are looked at closely.
        near = [int(place) for place in rough.argsort()[::-1][:_SHORTLIST]]
        close = {place: float((self._vectors(place, _FINE) @ wanted).max()) for place in near}
        best = max(near, key=close.__getitem__)
        return self._gallery.bibs_in(best) if close[best] >= LIKENESS else ()

    def clip(self, bib: str, place: int) -> bytes:
        """A slow move over one of the BIB's photos after the other."""
        return clips.encode(self._frames(bib, place))

    @cached_property
    def _references(self) -> Vectors:
        return np.concatenate([self._vectors(place, _COARSE) for place in range(self._gallery.total)])

    def _vectors(self, place: int, cuts: Cuts) -> Vectors:
        return np.stack([_standard(piece) for piece in _pieces(self._gallery.files[place].preview, cuts)])

    def _upright(self, index: int, side: int) -> Image.Image:
        with Image.open(self._gallery.files[index].path, formats=("JPEG",)) as picture:
            picture.draft("RGB", (side, side))
            return ImageOps.exif_transpose(picture).convert("RGB")

    def _frames(self, bib: str, place: int) -> Iterator[Image.Image]:
        places = self._gallery.of_bib(bib)
        shown = [places[(place + step) % len(places)] for step in range(min(3, len(places)))]
        each = clips.FRAMES // len(shown)
        for index in shown:
            still = ImageOps.fit(self._upright(index, 960), (960, 540))
            for frame in range(each):
                edge = 1 - 0.25 * frame / each
                width, height = 960 * edge, 540 * edge
                left, top = (960 - width) * (0.3 + 0.2 * place), (540 - height) / 2
                yield still.resize(clips.SIZE, box=(left, top, left + width, top + height))


def _piece(size: tuple[int, int], dice: Random) -> tuple[int, int, int, int]:
    width, height = size
    kept = dice.uniform(0.9, 0.97)
    left, top = dice.uniform(0, 1 - kept) * width, dice.uniform(0, 1 - kept) * height
    return int(left), int(top), int(left + kept * width), int(top + kept * height)


def _pieces(preview: Image.Image, cuts: Cuts) -> Iterator[Image.Image]:
    """What a picture looks like when some of its border is cut off."""
    shares, places = cuts
    for kept in shares:
        step = PREVIEW * (1 - kept) / (places - 1)
        for left, top in {(x * step, y * step): None for x in range(places) for y in range(places)}:
            box = (left, top, left + PREVIEW * kept, top + PREVIEW * kept)
            yield preview.resize((GRID, GRID), Image.Resampling.BILINEAR, box)


def _standard(picture: Image.Image) -> Vectors:
    """A picture in a few pixels, whatever its brightness and contrast."""
    small = np.asarray(picture.resize((GRID, GRID), Image.Resampling.BILINEAR), np.float32).ravel()
    centred = small - small.mean()
    scaled: Vectors = centred / max(1.0, float(np.linalg.norm(centred)))
    return scaled
