"""Draw runners at any phase of their stride."""

from __future__ import annotations

import unicodedata
from math import pi, sin
from typing import Final

from attrs import frozen

from ninepic_async.sandbox.pictures.brush import Brush, Colour, shade
from ninepic_async.sandbox.pictures.faces import SKINS, Face, draw_face
from ninepic_async.sandbox.seeded import seeded_rng

_SHIRTS: Final[tuple[Colour, ...]] = (
    (236, 64, 72), (28, 120, 216), (250, 176, 32), (32, 164, 100), (150, 70, 190), (244, 110, 40),
    (20, 184, 196), (240, 92, 160), (60, 66, 84),
)  # fmt: skip
_SHORTS: Final[tuple[Colour, ...]] = ((36, 40, 58), (62, 62, 66), (24, 70, 120), (110, 24, 48), (20, 20, 22))
_SHOES: Final[tuple[Colour, ...]] = (
    (250, 250, 250),
    (255, 92, 40),
    (180, 255, 60),
    (255, 60, 140),
    (40, 200, 255),
)
_PATTERNS: Final = ("plain", "sash", "hoops", "sides")
HEAD: Final = 0.235
"""Height of a head; a runner's height is 1."""


@frozen
class Runner:
    """A participant: BIB, face and clothes."""

    bib: str
    face: Face
    shirt: Colour
    trim: Colour
    shorts: Colour
    shoes: Colour
    pattern: str


def make_runner(seed: str, bib: str, face: Face) -> Runner:
    """Return a participant; the seed chooses the clothes."""
    rng = seeded_rng(seed, "clothes", bib)
    shirt, trim = rng.sample(_SHIRTS, 2)
    return Runner(bib, face, shirt, trim, rng.choice(_SHORTS), rng.choice(_SHOES), rng.choice(_PATTERNS))


def draw_runner(brush: Brush, runner: Runner, x: float, y: float, height: float, phase: float = 0.0) -> None:
    """Draw a runner whose feet are at (x, y); ``phase`` goes from 0 to 1 in one stride."""
    swing = sin(2 * pi * phase)
    pen = brush.at(x, y, height)
    pen.oval(0, 0.0, 0.2, 0.022, (70, 72, 78))
    body = brush.at(x, y - 0.02 * height * abs(swing), height)
    _leg(body, runner, -1, max(0.0, swing))
    _leg(body, runner, 1, max(0.0, -swing))
    _arm(body, runner, -1, -swing)
    _arm(body, runner, 1, swing)
    _torso(body, runner)
    _bib(body, runner.bib)
    skin = SKINS[runner.face.skin]
    body.stroke([(0, -0.77), (0, -0.73)], 0.075, shade(skin, 0.88))
    draw_face(body, runner.face, 0, -0.87, HEAD)


def _leg(pen: Brush, runner: Runner, side: int, lift: float) -> None:
    skin = shade(SKINS[runner.face.skin], 0.94)
    hip = (side * 0.065, -0.4)
    knee = (side * (0.08 + 0.03 * lift), -0.215 - 0.08 * lift)
    foot = (side * (0.075 - 0.01 * lift), -0.035 - 0.15 * lift)
    pen.stroke([hip, knee, foot], 0.07, skin)
    pen.stroke([hip, ((hip[0] + knee[0] * 2) / 3, (hip[1] + knee[1] * 2) / 3)], 0.115, runner.shorts)
    pen.stroke([(foot[0], foot[1] - 0.025), foot], 0.062, (245, 245, 245))
    pen.oval(foot[0] + side * 0.012, foot[1] + 0.02, 0.058, 0.032, runner.shoes)
    pen.oval(foot[0] + side * 0.012, foot[1] + 0.042, 0.06, 0.012, (250, 250, 250))


def _arm(pen: Brush, runner: Runner, side: int, swing: float) -> None:
    skin = SKINS[runner.face.skin]
    shoulder = (side * 0.135, -0.69)
    elbow = (side * (0.235 - 0.02 * swing), -0.555 + 0.02 * swing)
    hand = (side * (0.19 - 0.02 * swing), -0.56 - 0.11 * swing)
    pen.stroke([shoulder, elbow, hand], 0.052, skin)
    pen.oval(*hand, 0.036, 0.036, skin)
    pen.stroke([shoulder, ((shoulder[0] + elbow[0]) / 2, (shoulder[1] + elbow[1]) / 2)], 0.08, runner.shirt)


def _torso(pen: Brush, runner: Runner) -> None:
    pen.sheet((-0.125, -0.47, 0.125, -0.37), 0.03, runner.shorts)
    pen.sheet((-0.155, -0.735, 0.155, -0.6), 0.06, runner.shirt)
    pen.shape([(-0.155, -0.68), (0.155, -0.68), (0.125, -0.42), (-0.125, -0.42)], runner.shirt)
    if runner.pattern == "sash":
        pen.shape(
            [(-0.15, -0.71), (-0.07, -0.735), (0.127, -0.47), (0.125, -0.42), (0.1, -0.42)], runner.trim
        )
    elif runner.pattern == "hoops":
        pen.box(-0.15, -0.685, 0.15, -0.66, runner.trim)
        pen.box(-0.128, -0.455, 0.128, -0.43, runner.trim)
    elif runner.pattern == "sides":
        for side in (-1, 1):
            edge = [(side * 0.155, -0.67), (side * 0.115, -0.67), (side * 0.1, -0.42), (side * 0.125, -0.42)]
            pen.shape(edge, runner.trim)
    pen.bowl(0, -0.735, 0.06, 0.035, shade(SKINS[runner.face.skin], 0.88))


def _bib(pen: Brush, bib: str) -> None:
    pen.sheet((-0.118, -0.645, 0.118, -0.475), 0.01, (180, 184, 190))
    pen.sheet((-0.115, -0.642, 0.115, -0.478), 0.01, (255, 255, 255))
    pen.box(-0.115, -0.632, 0.115, -0.604, (24, 60, 130))
    pen.text("9PIC RUN", 0, -0.618, 0.19, 0.022, (255, 255, 255))
    pen.text(printable(bib), 0, -0.54, 0.205, 0.105, (16, 16, 20))
    for x in (-0.104, 0.104):
        for y in (-0.594, -0.488):
            pen.oval(x, y, 0.005, 0.005, (120, 124, 130))


def printable(bib: str) -> str:
    """Return a BIB with digits that the built-in font has."""
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in bib)
