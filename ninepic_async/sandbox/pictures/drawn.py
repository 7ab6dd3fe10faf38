"""The pictures of a drawn gallery."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final

from PIL import Image, ImageDraw

from ninepic_async.sandbox.event_photos import LANDSCAPE, DrawnGallery
from ninepic_async.sandbox.pictures import clips
from ninepic_async.sandbox.pictures import renditions as photographs
from ninepic_async.sandbox.pictures.base import Rendition
from ninepic_async.sandbox.pictures.brush import Brush
from ninepic_async.sandbox.pictures.casting import Cast, choose_cast
from ninepic_async.sandbox.pictures.matching import best_match, open_picture
from ninepic_async.sandbox.pictures.runners import Runner, draw_runner, dress
from ninepic_async.sandbox.pictures.scenery import paint_scene
from ninepic_async.sandbox.pictures.selfies import portrait
from ninepic_async.sandbox.seeded import rng

SHARPNESS: Final = 2
"""Pictures are drawn so many times larger and reduced, which smooths their edges."""
_DRAWINGS_KEPT: Final = 8


class DrawnPictures:
    """Draws a gallery's photos, selfies and clips; all of them follow from the gallery's seed."""

    def __init__(self, gallery: DrawnGallery, event_name: str) -> None:
        self._gallery = gallery
        self._event_name = event_name
        self._drawing = lru_cache(maxsize=_DRAWINGS_KEPT)(self._draw)

    def photo(self, index: int, rendition: Rendition) -> bytes:
        """A photo as a JPEG."""
        if rendition == "original":
            return photographs.original(self._drawing(index), self._gallery.photo(index).taken_at)
        return photographs.rendered(self._drawing(index), rendition)

    def cover(self) -> bytes:
        """The course, with the event's name on it."""
        width, height = LANDSCAPE
        scene = paint_scene(width, height, rng(self._gallery.seed, "cover"))
        pen = Brush(ImageDraw.Draw(scene), width / 2, height / 2, height)
        pen.sheet((-0.6, -0.16, 0.6, 0.02), 0.03, (24, 60, 130))
        pen.text(self._event_name, 0, -0.07, 1.1, 0.1, (255, 255, 255))
        return photographs.rendered(scene, "large")

    def selfie(self, bib: str, take: int) -> bytes:
        """A new picture of whoever wears a BIB."""
        look = self._cast.participants[self._gallery.bibs.index(bib)]
        return photographs.jpeg(portrait(look, rng(self._gallery.seed, "selfie", bib, take)), 88)

    def stranger(self, take: int) -> bytes:
        """A picture of somebody who is not in the event."""
        strangers = self._cast.strangers
        dice = rng(self._gallery.seed, "stranger", take)
        return photographs.jpeg(portrait(strangers[take % len(strangers)], dice), 88)

    def match(self, upload: bytes) -> tuple[str, ...]:
        """The BIB of the one in an uploaded picture."""
        place = best_match(open_picture(upload), self._cast.references)
        return () if place is None else (self._gallery.bibs[place],)

    def clip(self, bib: str, place: int) -> bytes:
        """The runner coming towards the camera."""
        return clips.encode(self._frames(self._runners[self._gallery.bibs.index(bib)], place))

    @cached_property
    def _cast(self) -> Cast:
        return choose_cast(self._gallery.seed, len(self._gallery.bibs))

    @cached_property
    def _runners(self) -> tuple[Runner, ...]:
        pairs = zip(self._gallery.bibs, self._cast.participants, strict=True)
        return tuple(dress(self._gallery.seed, bib, look) for bib, look in pairs)

    def _draw(self, index: int) -> Image.Image:
        photo = self._gallery.photo(index)
        dice = rng(self._gallery.seed, "scene", index)
        width, height = photo.width * SHARPNESS, photo.height * SHARPNESS
        scene = paint_scene(width, height, dice)
        seen = [self._runners[runner] for runner in self._gallery.runners_in(index)]
        wide = width / height
        pen = Brush(ImageDraw.Draw(scene), width / 2, 0, height)
        # From the back to the front, the main runner last and nearest.
        for place in reversed(range(len(seen))):
            tall = (0.8 if wide > 1 else 0.66) * (1 - 0.16 * place) * dice.uniform(0.95, 1.05)
            side = (0, -1, 1)[place] * dice.uniform(0.24, 0.31) * wide
            nudge = dice.uniform(-0.05, 0.05) * wide if place == 0 else 0
            feet = min(0.97, 0.66 + tall * 0.36)
            draw_runner(pen, seen[place], side + nudge, feet, tall, dice.random())
        return scene.reduce(SHARPNESS)

    def _frames(self, runner: Runner, place: int) -> Iterator[Image.Image]:
        width, height = (side * SHARPNESS for side in clips.SIZE)
        course = paint_scene(width, height, rng(self._gallery.seed, "video", place))
        for frame in range(clips.FRAMES):
            done = frame / clips.FRAMES
            scene = course.copy()
            pen = Brush(ImageDraw.Draw(scene), width / 2, 0, height)
            tall = 0.35 + 0.65 * done**1.6
            x = (0.12, -0.12, 0.2)[place] * (1 - 2 * done)
            draw_runner(pen, runner, x, 0.6 + 0.4 * done, tall, frame / 12)
            yield scene.reduce(SHARPNESS)
