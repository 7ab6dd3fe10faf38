"""Photos as notebooks show them: a small grid of thumbnails, with no code and no secret in it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, Protocol

SHOWN: Final = 24
"""How many photos are shown. A notebook keeps what it shows."""
_GRID: Final = "display:flex;flex-wrap:wrap;gap:8px;align-items:flex-start"
_TILE: Final = "margin:0;width:150px;font:11px/1.4 sans-serif;overflow-wrap:anywhere"
_PICTURE: Final = "display:block;width:150px;height:110px;object-fit:contain;background:#8882"


class Picture(Protocol):
    """What is shown of a photo."""

    @property
    def image_id(self) -> str:
        """The photo's id."""
        ...

    @property
    def img_url(self) -> str:
        """Where the photo is."""
        ...

    @property
    def thumbnail_url(self) -> str:
        """Where it is small."""
        ...

    @property
    def width(self) -> int | None:
        """In pixels."""
        ...

    @property
    def height(self) -> int | None:
        """In pixels."""
        ...


def picture_grid(pictures: Sequence[Picture], total: int, note: str = "") -> str:
    """Write photos as HTML.

    Args:
        pictures: those at hand, of which the first `SHOWN` are shown.
        total: how many there are in all.
        note: a line about them.
    """
    shown = pictures[:SHOWN]
    more = max(total, len(pictures)) - len(shown)
    lines = [f"<p>{escape(note)}</p>"] if note else []
    lines += [f'<div style="{_GRID}">', *map(_tile, shown), "</div>"]
    lines += [f"<p>and {more:,} more</p>"] if more > 0 else []
    return "\n".join(lines)


def _tile(picture: Picture) -> str:
    identity = escape(picture.image_id)
    size = f"{picture.width} × {picture.height}" if picture.width and picture.height else ""
    if _is_open(picture.thumbnail_url):
        source = escape(picture.thumbnail_url)
        image = f'<img src="{source}" alt="" loading="lazy" referrerpolicy="no-referrer" style="{_PICTURE}">'
    else:
        image = f'<span style="{_PICTURE}"></span>'
    if _is_open(picture.img_url):
        target = escape(picture.img_url)
        image = f'<a href="{target}" target="_blank" rel="noopener noreferrer">{image}{identity}</a>'
    else:
        image += identity
    return f'<figure style="{_TILE}">{image}<br>{escape(size)}</figure>'


def _is_open(url: str) -> bool:
    """Whether a URL may stand in a notebook that is passed on: on the web, and not signed."""
    return url.casefold().startswith(("https://", "http://")) and "?" not in url
