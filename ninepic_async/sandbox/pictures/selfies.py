"""Draw selfies: the same face with another background, distance and light."""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from ninepic_async.sandbox.pictures.background import sky
from ninepic_async.sandbox.pictures.brush import Brush, Colour, shade
from ninepic_async.sandbox.pictures.faces import SKINS, Face, all_faces, draw_face

SIZE: Final = (480, 640)
_WALLS: Final[tuple[tuple[Colour, Colour], ...]] = (
    ((196, 220, 236), (120, 160, 190)), ((240, 214, 180), (190, 140, 110)),
    ((190, 220, 186), (90, 140, 100)), ((220, 206, 236), (140, 120, 170)),
)  # fmt: skip
_SHIRTS: Final[tuple[Colour, ...]] = ((230, 230, 236), (60, 70, 96), (200, 70, 70), (70, 150, 120))


def draw_selfie(face: Face, rng: Random) -> Image.Image:
    """Return a selfie; everything but the face is random."""
    width, height = SIZE[0] * 2, SIZE[1] * 2
    scene = sky(width, height, *rng.choice(_WALLS))
    pen = Brush(ImageDraw.Draw(scene), width / 2, height / 2, height)
    for _ in range(6):
        tone = shade(rng.choice(_WALLS)[1], rng.uniform(0.9, 1.25))
        pen.oval(rng.uniform(-0.4, 0.4), rng.uniform(-0.5, 0.5), 0.08, 0.08, tone)
    size = rng.uniform(0.38, 0.52)
    x, y = rng.uniform(-0.05, 0.05), rng.uniform(-0.07, 0.05)
    body = pen.at(x, y, size)
    body.stroke([(0, 0.4), (0, 0.62)], 0.34, shade(SKINS[face.skin], 0.88))
    body.sheet((-0.85, 0.62, 0.85, 2.5), 0.3, rng.choice(_SHIRTS))
    body.bowl(0, 0.62, 0.24, 0.12, shade(SKINS[face.skin], 0.88))
    draw_face(pen, face, x, y, size)
    small = scene.reduce(2)
    return _grain(ImageEnhance.Brightness(small).enhance(rng.uniform(0.9, 1.08)), rng)


def draw_random_selfie(rng: Random) -> Image.Image:
    """Return a selfie of a random face."""
    return draw_selfie(rng.choice(list(all_faces())), rng)


def headshot(face: Face, side: int = 96) -> Image.Image:
    """Return a picture that shows only the face."""
    canvas = Image.new("RGB", (side, side), (150, 150, 150))
    draw_face(Brush(ImageDraw.Draw(canvas), side / 2, side / 2, side), face, 0, 0, 1)
    return canvas


def _grain(picture: Image.Image, rng: Random) -> Image.Image:
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 5, (*reversed(picture.size), 1))
    grainy = np.clip(np.asarray(picture, np.float32) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(grainy)
