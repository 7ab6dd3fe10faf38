"""Draw the pictures of generated photos."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final

from PIL import Image, ImageDraw

from ninepic_async.sandbox.drawn_photos import LANDSCAPE, DrawnPhotos
from ninepic_async.sandbox.pictures import renditions, video
from ninepic_async.sandbox.pictures.background import draw_background
from ninepic_async.sandbox.pictures.brush import Brush
from ninepic_async.sandbox.pictures.face_selection import FaceSet, choose_faces
from ninepic_async.sandbox.pictures.interface import Rendition
from ninepic_async.sandbox.pictures.matching import best_match, open_picture
from ninepic_async.sandbox.pictures.runners import Runner, draw_runner, make_runner
from ninepic_async.sandbox.pictures.selfies import draw_selfie
from ninepic_async.sandbox.seeded import seeded_rng

SHARPNESS: Final = 2
"""Pictures are drawn this many times larger, then scaled down, for smooth edges."""
_DRAWINGS_KEPT: Final = 8


class DrawnPictures:
    """Draws photos, selfies and clips; all of them depend only on the photos' seed."""

    def __init__(self, photos: DrawnPhotos, event_name: str) -> None:
        self._photos = photos
        self._event_name = event_name
        self._drawing = lru_cache(maxsize=_DRAWINGS_KEPT)(self._draw)

    def photo(self, index: int, rendition: Rendition) -> bytes:
        """Return a photo as a JPEG."""
        if rendition == "original":
            return renditions.original(self._drawing(index), self._photos.photo(index).taken_at)
        return renditions.rendered(self._drawing(index), rendition)

    def cover(self) -> bytes:
        """Return a picture of the course with the event's name."""
        width, height = LANDSCAPE
        scene = draw_background(width, height, seeded_rng(self._photos.seed, "cover"))
        pen = Brush(ImageDraw.Draw(scene), width / 2, height / 2, height)
        pen.sheet((-0.6, -0.16, 0.6, 0.02), 0.03, (24, 60, 130))
        pen.text(self._event_name, 0, -0.07, 1.1, 0.1, (255, 255, 255))
        return renditions.rendered(scene, "large")

    def selfie(self, bib: str, take: int) -> bytes:
        """Return a selfie of the participant with a BIB."""
        face = self._faces.participants[self._photos.participants.index(bib)]
        return renditions.jpeg(draw_selfie(face, seeded_rng(self._photos.seed, "selfie", bib, take)), 88)

    def stranger(self, take: int) -> bytes:
        """Return a selfie of somebody who is not in the event."""
        strangers = self._faces.strangers
        rng = seeded_rng(self._photos.seed, "stranger", take)
        return renditions.jpeg(draw_selfie(strangers[take % len(strangers)], rng), 88)

    def match(self, upload: bytes) -> tuple[str, ...]:
        """Return the BIB of the person in an uploaded picture."""
        place = best_match(open_picture(upload), self._faces.references)
        return () if place is None else (self._photos.participants[place],)

    def clip(self, bib: str, place: int) -> bytes:
        """Return a clip of the runner coming towards the camera."""
        return video.encode(self._frames(self._runners[self._photos.participants.index(bib)], place))

    @cached_property
    def _faces(self) -> FaceSet:
        return choose_faces(self._photos.seed, len(self._photos.participants))

    @cached_property
    def _runners(self) -> tuple[Runner, ...]:
        pairs = zip(self._photos.participants, self._faces.participants, strict=True)
        return tuple(make_runner(self._photos.seed, bib, face) for bib, face in pairs)

    def _draw(self, index: int) -> Image.Image:
        photo = self._photos.photo(index)
        rng = seeded_rng(self._photos.seed, "scene", index)
        width, height = photo.width * SHARPNESS, photo.height * SHARPNESS
        scene = draw_background(width, height, rng)
        seen = [self._runners[runner] for runner in self._photos.runners_in(index)]
        wide = width / height
        pen = Brush(ImageDraw.Draw(scene), width / 2, 0, height)
        # Draw from back to front: the main runner is nearest, so last.
        for place in reversed(range(len(seen))):
            tall = (0.8 if wide > 1 else 0.66) * (1 - 0.16 * place) * rng.uniform(0.95, 1.05)
            side = (0, -1, 1)[place] * rng.uniform(0.24, 0.31) * wide
            nudge = rng.uniform(-0.05, 0.05) * wide if place == 0 else 0
            feet = min(0.97, 0.66 + tall * 0.36)
            draw_runner(pen, seen[place], side + nudge, feet, tall, rng.random())
        return scene.reduce(SHARPNESS)

    def _frames(self, runner: Runner, place: int) -> Iterator[Image.Image]:
        width, height = (side * SHARPNESS for side in video.SIZE)
        course = draw_background(width, height, seeded_rng(self._photos.seed, "video", place))
        for frame in range(video.FRAMES):
            done = frame / video.FRAMES
            scene = course.copy()
            pen = Brush(ImageDraw.Draw(scene), width / 2, 0, height)
            tall = 0.35 + 0.65 * done**1.6
            x = (0.12, -0.12, 0.2)[place] * (1 - 2 * done)
            draw_runner(pen, runner, x, 0.6 + 0.4 * done, tall, frame / 12)
            yield scene.reduce(SHARPNESS)
