"""Draw the background: sky, skyline, trees and road."""

from __future__ import annotations

from random import Random
from typing import Final

from PIL import Image, ImageDraw

from ninepic_async.sandbox.pictures.brush import Brush, Colour, shade

_SKIES: Final[tuple[tuple[Colour, Colour], ...]] = (
    ((255, 190, 130), (255, 232, 196)),
    ((110, 176, 236), (214, 236, 250)),
    ((70, 140, 222), (190, 222, 250)),
    ((176, 190, 206), (226, 230, 234)),
)
HORIZON: Final = 0.52


def draw_background(width: int, height: int, rng: Random) -> Image.Image:
    """Return a part of the course, seen from the middle of the road."""
    top, bottom = rng.choice(_SKIES)
    scene = sky(width, height, top, bottom)
    pen = Brush(ImageDraw.Draw(scene), 0, 0, height)
    wide = width / height
    pen.oval(rng.uniform(0.1, wide - 0.1), rng.uniform(0.08, 0.25), 0.05, 0.05, (255, 246, 210))
    for _ in range(rng.randrange(1, 4)):
        _cloud(pen, rng.uniform(0, wide), rng.uniform(0.05, 0.25), rng.uniform(0.06, 0.12))
    _skyline(pen, wide, rng)
    pen.box(0, HORIZON, wide, 1, rng.choice(((116, 168, 84), (150, 172, 96), (196, 178, 128))))
    for _ in range(rng.randrange(5, 11)):
        side = rng.choice((-1, 1))
        _tree(pen, wide / 2 + side * rng.uniform(0.3, 0.95) * wide / 1.6, rng.uniform(0.1, 0.2), rng)
    _road(pen, wide, rng)
    return scene


def sky(width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    """Return a vertical gradient from one colour to another."""
    ramp = Image.linear_gradient("L").resize((1, height))
    strip = Image.composite(Image.new("RGB", ramp.size, bottom), Image.new("RGB", ramp.size, top), ramp)
    return strip.resize((width, height), Image.Resampling.NEAREST)  # each line has one colour


def _cloud(pen: Brush, x: float, y: float, size: float) -> None:
    for dx, dy, r in ((-0.9, 0.1, 0.5), (0.0, -0.15, 0.75), (0.9, 0.1, 0.55), (0.4, 0.15, 0.6)):
        pen.oval(x + dx * size, y + dy * size, r * size, r * size * 0.6, (250, 250, 252))


def _skyline(pen: Brush, wide: float, rng: Random) -> None:
    kind = rng.choice(("city", "hills", "hills"))
    tone: Colour = rng.choice(((120, 140, 170), (140, 150, 160), (106, 140, 130)))
    x = -0.1
    while x < wide + 0.1:
        step = rng.uniform(0.06, 0.14)
        if kind == "city":
            top = HORIZON - rng.uniform(0.06, 0.28)
            pen.box(x, top, x + step, HORIZON, shade(tone, rng.uniform(0.85, 1.15)))
            for row in range(int((HORIZON - top) / 0.03) - 1):
                for column in range(int(step / 0.025) - 1):
                    left = x + 0.014 + column * 0.025
                    pen.box(
                        left, top + 0.015 + row * 0.03, left + 0.011, top + 0.03 + row * 0.03, (236, 226, 180)
                    )
        else:
            pen.oval(
                x,
                HORIZON,
                rng.uniform(0.2, 0.4),
                rng.uniform(0.06, 0.2),
                shade(tone, rng.uniform(0.85, 1.1)),
            )
        x += step if kind == "city" else step * 2
    pen.box(-0.1, HORIZON, wide + 0.1, HORIZON + 0.02, shade(tone, 0.9))


def _tree(pen: Brush, x: float, size: float, rng: Random) -> None:
    ground = HORIZON + size * 0.35
    green: Colour = rng.choice(((54, 124, 62), (76, 146, 70), (40, 104, 76), (110, 150, 50)))
    pen.box(x - size * 0.06, ground - size * 0.6, x + size * 0.06, ground, (104, 74, 50))
    for dx, dy, tone in ((-0.25, -0.8, 0.9), (0.25, -0.8, 0.95), (0.0, -1.1, 1.1)):
        pen.oval(x + dx * size, ground + dy * size, size * 0.38, size * 0.36, shade(green, tone))


def _road(pen: Brush, wide: float, rng: Random) -> None:
    middle = wide / 2 + rng.uniform(-0.12, 0.12)
    tar = rng.choice(((112, 114, 120), (128, 126, 126), (98, 102, 110)))
    edge, near = 0.12, max(0.75, wide * 0.55)
    pen.shape(_lane(middle, -edge - 0.02, edge + 0.02, -near - 0.06, near + 0.06), (232, 228, 218))
    pen.shape(_lane(middle, -edge, edge, -near, near), tar)
    for near_end, far_end in ((1.0, 0.86), (0.76, 0.69), (0.64, 0.6), (0.575, 0.555)):
        a, b = (near_end - HORIZON) * 0.03, (far_end - HORIZON) * 0.03
        dash = [(middle - a, near_end), (middle + a, near_end), (middle + b, far_end), (middle - b, far_end)]
        pen.shape(dash, (246, 244, 236))


def _lane(
    middle: float, far_left: float, far_right: float, near_left: float, near_right: float
) -> list[tuple[float, float]]:
    return [
        (middle + far_left, HORIZON + 0.01),
        (middle + far_right, HORIZON + 0.01),
        (middle + near_right, 1.0),
        (middle + near_left, 1.0),
    ]
