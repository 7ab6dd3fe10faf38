"""Write the page from a template that escapes all values."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ninepic_async._support.open_folder import OpenFolder
from ninepic_async._support.text import count_text
from ninepic_async.errors import GalleryError
from ninepic_async.gallery.page_text import shown, size_text
from ninepic_async.gallery.scan import writing
from ninepic_async.gallery.timeline import Item, Photo, arrange

PAGE_NAME: Final = "index.html"
GENERATOR: Final = "ninepic_async.gallery"
"""The text that marks a page of this module."""
_LISTS_AT_ONCE: Final = 20
"""The script creates the elements of further lists only when they are near the window."""
_PIECES_PER_WRITE: Final = 1000
_GENERATOR_WITHIN_BYTES: Final = 2048
_ASSETS: Final = Path(__file__).parent / "assets"
_STYLES: Final = ("page.css", "photos.css", "viewer.css", "print.css")
_SCRIPTS: Final = ("start.js", "rows.js", "filter.js", "viewer.js", "zoom.js", "end.js")


def write_page(folder: OpenFolder, title: str, photos: Iterable[Photo], clips: Sequence[Item]) -> Path:
    """Write the page into a folder, completely or not at all.

    Raises:
        GalleryError: the folder can't be written to.
    """
    all_photos = list(photos)
    readable = [photo for photo in all_photos if photo.info.error is None]
    timeline = arrange(readable)
    css, js = _own(_STYLES), _own(_SCRIPTS)
    page = (
        _environment()
        .get_template("page.html.jinja")
        .stream(
            title=shown(title),
            generator=GENERATOR,
            # Files of this package, and the only code that the page may run.
            css=Markup(css),  # noqa: S704
            js=Markup(js),  # noqa: S704
            css_hash=_hash(css),
            js_hash=_hash(js),
            timeline=timeline,
            lists_at_once=_LISTS_AT_ONCE,
            timed=[group for group in timeline.groups if group.level is not None],
            total=len(readable),
            ways=_ways(readable),
            clips=clips,
            unreadable=sorted(
                (photo for photo in all_photos if photo.info.error is not None),
                key=lambda photo: photo.file.name,
            ),
            bytes=sum(item.file.bytes for item in (*readable, *clips)),
        )
    )
    page.enable_buffering(_PIECES_PER_WRITE)
    with writing(folder.path), folder.replacing(PAGE_NAME) as file:
        page.dump(file, encoding="utf-8")
    return folder.path / PAGE_NAME


def refuse_foreign(folder: OpenFolder) -> None:
    """Check that the folder has no ``index.html`` that a gallery has not written.

    Raises:
        GalleryError: it has one.
    """
    index = folder.path / PAGE_NAME
    try:
        with folder.reading(PAGE_NAME) as file:
            head = file.read(_GENERATOR_WITHIN_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise GalleryError(f"can't read {index}: {reason}. Move it away, or rename it.") from error
    if GENERATOR.encode() not in head:
        raise GalleryError(f"{index} is not the page of a gallery, so it is kept: move it away, or rename it")


def _own(names: Iterable[str]) -> str:
    """Read files of this package into one text."""
    return "\n".join(_ASSETS.joinpath(name).read_text(encoding="utf-8") for name in names)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(size=size_text, counted=count_text)
    return environment


def _ways(photos: Iterable[Photo]) -> dict[str, int]:
    """Count the photos by how they were found; empty if all were found in the same way."""
    counts: dict[str, int] = {}
    for photo in photos:
        if photo.found_by:
            counts[photo.found_by] = counts.get(photo.found_by, 0) + 1
    return dict(sorted(counts.items())) if len(counts) > 1 else {}


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
