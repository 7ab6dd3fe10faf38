"""Draw shapes in local coordinates, with an origin and a scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PIL import ImageDraw, ImageFont

Colour = tuple[int, int, int]


def shade(colour: Colour, factor: float, red: int = 0) -> Colour:
    """Return a darker (factor below 1) or lighter colour, with some red added."""
    r, g, b = (min(255, int(part * factor)) for part in colour)
    return min(255, r + red), g, b


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


class Brush:
    """Draws on a canvas: (0, 0) is at pixel ``x, y``, and one unit is ``scale`` pixels."""

    def __init__(
        self, canvas: ImageDraw.ImageDraw, x: float = 0.0, y: float = 0.0, scale: float = 1.0
    ) -> None:
        self._canvas = canvas
        self._x, self._y, self._scale = x, y, scale

    def at(self, x: float, y: float, scale: float) -> Brush:
        """Return a brush on the same canvas with its origin at (x, y) and ``scale`` times the scale."""
        return Brush(self._canvas, self._x + x * self._scale, self._y + y * self._scale, scale * self._scale)

    def oval(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Draw a filled ellipse around (x, y)."""
        self._canvas.ellipse(self._frame(x - rx, y - ry, x + rx, y + ry), fill=colour)

    def ring(self, x: float, y: float, rx: float, ry: float, width: float, colour: Colour) -> None:
        """Draw the outline of an ellipse."""
        frame = self._frame(x - rx, y - ry, x + rx, y + ry)
        self._canvas.ellipse(frame, outline=colour, width=self._pixels(width))

    def dome(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Draw the upper half of an ellipse around (x, y)."""
        self._canvas.pieslice(self._frame(x - rx, y - ry, x + rx, y + ry), 180, 360, fill=colour)

    def bowl(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Draw the lower half of an ellipse around (x, y)."""
        self._canvas.pieslice(self._frame(x - rx, y - ry, x + rx, y + ry), 0, 180, fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Draw a filled rectangle."""
        self._canvas.rectangle(self._frame(left, top, right, bottom), fill=colour)

    def sheet(self, frame: tuple[float, float, float, float], radius: float, colour: Colour) -> None:
        """Draw a filled rectangle with round corners; ``frame`` is left, top, right, bottom."""
        self._canvas.rounded_rectangle(self._frame(*frame), self._scale * radius, fill=colour)

    def shape(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Draw a filled polygon."""
        self._canvas.polygon([self._point(*point) for point in points], fill=colour)

    def stroke(self, points: Sequence[tuple[float, float]], width: float, colour: Colour) -> None:
        """Draw a line through points, with round ends and joints."""
        self._canvas.line([self._point(*point) for point in points], colour, self._pixels(width))
        for x, y in points:
            self.oval(x, y, width / 2, width / 2, colour)

    def text(self, text: str, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Draw text around (x, y), as large as fits the width and height."""
        size = max(6, int(height * self._scale))
        wide = self._canvas.textlength(text, _font(size))
        if wide > width * self._scale:
            size = max(6, int(size * width * self._scale / wide))
        bold = size // 40
        self._canvas.text(
            self._point(x, y), text, colour, _font(size), anchor="mm", stroke_width=bold, stroke_fill=colour
        )

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return self._x + x * self._scale, self._y + y * self._scale

    def _frame(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        return (*self._point(left, top), *self._point(right, bottom))

    def _pixels(self, width: float) -> int:
        return max(1, round(width * self._scale))
