"""Render photos for notebooks: a small grid of thumbnails, without scripts and signed URLs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, Protocol

SHOWN: Final = 24
"""The largest number of photos in the grid. It is small, because a notebook file stores its output."""
_GRID: Final = "display:flex;flex-wrap:wrap;gap:8px;align-items:flex-start"
_TILE: Final = "margin:0;width:150px;font:11px/1.4 sans-serif;overflow-wrap:anywhere"
_PICTURE: Final = "display:block;width:150px;height:110px;object-fit:contain;background:#8882"


class Picture(Protocol):
    """The attributes of a photo that the grid uses."""

    @property
    def image_id(self) -> str:
        """The photo's id."""
        ...

    @property
    def img_url(self) -> str:
        """The URL of the preview."""
        ...

    @property
    def thumbnail_url(self) -> str:
        """The URL of the thumbnail."""
        ...

    @property
    def width(self) -> int | None:
        """The width in pixels."""
        ...

    @property
    def height(self) -> int | None:
        """The height in pixels."""
        ...


def picture_grid(pictures: Sequence[Picture], total: int, note: str = "") -> str:
    """Return photos as HTML.

    Args:
        pictures: the photos. Only the first `SHOWN` are shown.
        total: the number of photos in the whole list.
        note: a line above the grid.
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
    if _may_be_stored(picture.thumbnail_url):
        source = escape(picture.thumbnail_url)
        image = f'<img src="{source}" alt="" loading="lazy" referrerpolicy="no-referrer" style="{_PICTURE}">'
    else:
        image = f'<span style="{_PICTURE}"></span>'
    if _may_be_stored(picture.img_url):
        target = escape(picture.img_url)
        image = f'<a href="{target}" target="_blank" rel="noopener noreferrer">{image}{identity}</a>'
    else:
        image += identity
    return f'<figure style="{_TILE}">{image}<br>{escape(size)}</figure>'


def _may_be_stored(url: str) -> bool:
    """Return whether a URL may be stored in a notebook: an http or https URL that is not signed."""
    return url.casefold().startswith(("https://", "http://")) and "?" not in url
