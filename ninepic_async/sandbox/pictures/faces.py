"""Faces and how to draw them, in photos and selfies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from attrs import frozen

from ninepic_async.sandbox.pictures.brush import Brush, Colour, shade

SKINS: Final[tuple[Colour, ...]] = (
    (250, 220, 196), (232, 184, 140), (198, 142, 98), (146, 94, 60), (92, 58, 40),
)  # fmt: skip
HAIRS: Final[tuple[Colour, ...]] = (
    (28, 24, 26), (96, 56, 28), (206, 156, 62), (182, 66, 28), (176, 176, 184),
)  # fmt: skip
STYLES: Final = ("short", "long", "afro", "bald", "bun")
EYEWEARS: Final = (None, "glasses", "shades")
BEARDS: Final = (None, "moustache", "full")
HEADWEARS: Final[tuple[Colour | None, ...]] = (
    None, (214, 40, 52), (34, 92, 200), (250, 206, 40), (250, 250, 250),
)  # fmt: skip
IRISES: Final[tuple[Colour, ...]] = ((70, 44, 26), (52, 108, 160), (66, 124, 70))


@frozen
class Face:
    """A face. Each number is an index into a list above. Matching ignores ``iris``."""

    skin: int
    hair: int
    style: int
    eyewear: int
    beard: int
    headwear: int
    iris: int


def all_faces() -> Iterator[Face]:
    """Yield each face that can be drawn, without variants that differ only in the iris."""
    kinds = (SKINS, HAIRS, STYLES, EYEWEARS, BEARDS, HEADWEARS)
    for skin, hair, style, eyewear, beard, headwear in product(*(range(len(kind)) for kind in kinds)):
        yield Face(skin, hair, style, eyewear, beard, headwear, 0)


def draw_face(brush: Brush, face: Face, x: float, y: float, size: float) -> None:
    """Draw a head with its middle at (x, y), ``size`` high."""
    pen = brush.at(x, y, size)
    skin = SKINS[face.skin]
    _back_hair(pen, face)
    pen.oval(-0.5, 0.02, 0.075, 0.1, shade(skin, 0.9))
    pen.oval(0.5, 0.02, 0.075, 0.1, shade(skin, 0.9))
    pen.oval(0, 0, 0.41, 0.5, skin)
    _top_hair(pen, face)
    _beard(pen, face)
    _features(pen, face)
    _headwear(pen, face)
    _eyewear(pen, face)


def _back_hair(pen: Brush, face: Face) -> None:
    hair, style = HAIRS[face.hair], STYLES[face.style]
    if style == "long":
        pen.oval(0, 0.06, 0.54, 0.6, hair)
        pen.box(-0.54, 0.05, 0.54, 0.62, hair)
    elif style == "afro":
        pen.oval(0, -0.2, 0.66, 0.56, hair)
    elif style == "bun":
        pen.oval(0, -0.62, 0.2, 0.18, hair)


def _top_hair(pen: Brush, face: Face) -> None:
    hair, style = HAIRS[face.hair], STYLES[face.style]
    if style == "bald":
        pen.oval(-0.12, -0.36, 0.12, 0.05, shade(SKINS[face.skin], 1.08))
        return
    depth = {"short": 0.6, "long": 0.55, "afro": 0.66, "bun": 0.58}[style]
    pen.dome(0, -0.08, 0.44, depth * 0.8, hair)
    fringe = {"short": 0.16, "long": -0.2, "afro": 0.0, "bun": 0.08}[style]
    pen.oval(fringe, -0.26, 0.3, 0.1, hair)


def _beard(pen: Brush, face: Face) -> None:
    kind, hair = BEARDS[face.beard], shade(HAIRS[face.hair], 0.88)
    if kind == "full":
        pen.bowl(0, 0.1, 0.42, 0.44, hair)
        pen.oval(0, 0.12, 0.28, 0.12, SKINS[face.skin])
    if kind is not None:
        pen.oval(0, 0.2, 0.2, 0.06, hair)


def _features(pen: Brush, face: Face) -> None:
    skin = SKINS[face.skin]
    for side in (-1, 1):
        pen.oval(side * 0.18, -0.03, 0.085, 0.06, (252, 252, 252))
        pen.oval(side * 0.18, -0.03, 0.045, 0.05, IRISES[face.iris])
        pen.oval(side * 0.18, -0.03, 0.02, 0.024, (12, 12, 14))
        pen.stroke([(side * 0.09, -0.15), (side * 0.19, -0.175), (side * 0.27, -0.14)], 0.035, (58, 42, 34))
        pen.oval(side * 0.25, 0.15, 0.07, 0.045, shade(skin, 0.94, red=12))
    pen.stroke([(0.0, -0.01), (0.045, 0.1), (-0.02, 0.115)], 0.028, shade(skin, 0.78))
    pen.bowl(0, 0.255, 0.15, 0.11, (150, 44, 48))
    pen.box(-0.11, 0.255, 0.11, 0.285, (252, 250, 246))


def _headwear(pen: Brush, face: Face) -> None:
    colour = HEADWEARS[face.headwear]
    if colour is None:
        return
    if face.headwear % 2:
        pen.dome(0, -0.14, 0.46, 0.46, colour)
        pen.oval(0, -0.17, 0.5, 0.075, shade(colour, 0.78))
    else:
        pen.box(-0.43, -0.31, 0.43, -0.2, colour)


def _eyewear(pen: Brush, face: Face) -> None:
    kind = EYEWEARS[face.eyewear]
    if kind is None:
        return
    frame = (20, 20, 24)
    pen.stroke([(-0.42, -0.05), (0.42, -0.05)], 0.03, frame)
    for side in (-1, 1):
        if kind == "shades":
            pen.oval(side * 0.19, -0.02, 0.155, 0.115, frame)
            pen.oval(side * 0.19 - 0.05, -0.05, 0.05, 0.025, (96, 108, 128))
        else:
            pen.ring(side * 0.19, -0.03, 0.14, 0.13, 0.035, frame)
