"""Selfies: the same face again, before another background, at another distance, in another light."""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from ninepic_async.sandbox.pictures.brush import Brush, Colour, shade
from ninepic_async.sandbox.pictures.faces import SKINS, Look, all_looks, draw_face
from ninepic_async.sandbox.pictures.scenery import sky

SIZE: Final = (480, 640)
_WALLS: Final[tuple[tuple[Colour, Colour], ...]] = (
    ((196, 220, 236), (120, 160, 190)), ((240, 214, 180), (190, 140, 110)),
    ((190, 220, 186), (90, 140, 100)), ((220, 206, 236), (140, 120, 170)),
)  # fmt: skip
_SHIRTS: Final[tuple[Colour, ...]] = ((230, 230, 236), (60, 70, 96), (200, 70, 70), (70, 150, 120))


def portrait(look: Look, dice: Random) -> Image.Image:
    """A selfie; everything but the face is up to the dice."""
    width, height = SIZE[0] * 2, SIZE[1] * 2
    scene = sky(width, height, *dice.choice(_WALLS))
    pen = Brush(ImageDraw.Draw(scene), width / 2, height / 2, height)
    for _ in range(6):
        tone = shade(dice.choice(_WALLS)[1], dice.uniform(0.9, 1.25))
        pen.oval(dice.uniform(-0.4, 0.4), dice.uniform(-0.5, 0.5), 0.08, 0.08, tone)
    size = dice.uniform(0.38, 0.52)
    x, y = dice.uniform(-0.05, 0.05), dice.uniform(-0.07, 0.05)
    body = pen.at(x, y, size)
    body.stroke([(0, 0.4), (0, 0.62)], 0.34, shade(SKINS[look.skin], 0.88))
    body.sheet((-0.85, 0.62, 0.85, 2.5), 0.3, dice.choice(_SHIRTS))
    body.bowl(0, 0.62, 0.24, 0.12, shade(SKINS[look.skin], 0.88))
    draw_face(pen, look, x, y, size)
    small = scene.reduce(2)
    return _grain(ImageEnhance.Brightness(small).enhance(dice.uniform(0.9, 1.08)), dice)


def portrait_of_anybody(dice: Random) -> Image.Image:
    """A selfie of somebody made up on the spot."""
    return portrait(dice.choice(list(all_looks())), dice)


def headshot(look: Look, side: int = 96) -> Image.Image:
    """The face alone, filling the picture from crown to chin."""
    canvas = Image.new("RGB", (side, side), (150, 150, 150))
    draw_face(Brush(ImageDraw.Draw(canvas), side / 2, side / 2, side), look, 0, 0, 1)
    return canvas


def _grain(picture: Image.Image, dice: Random) -> Image.Image:
    noise = np.random.default_rng(dice.getrandbits(32)).normal(0, 5, (*reversed(picture.size), 1))
    grainy = np.clip(np.asarray(picture, np.float32) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(grainy)
