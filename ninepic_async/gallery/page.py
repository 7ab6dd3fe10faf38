"""The page itself: photos in groups by hour, put into a template that escapes all it is given."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Final
from urllib.parse import quote

from attrs import frozen
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ninepic_async.errors import GalleryError
from ninepic_async.gallery.scan import File, whole_file, writing
from ninepic_async.gallery.thumbnail_cache import FOLDER_NAME
from ninepic_async.gallery.thumbnails import Look

PAGE_NAME: Final = "index.html"
GENERATOR: Final = "ninepic_async.gallery"
"""How a page of ours is told from one that somebody wrote."""
LIST_LENGTH: Final = 48
"""Photos in one list: what is far from the window is not laid out, a list at a time."""
_WRITTEN_AT_ONCE: Final = 1000
"""Pieces of the page."""
_PART_MINUTES: Final = 10
_GENERATOR_WITHIN_BYTES: Final = 2048
_HERE: Final = Path(__file__).parent
# Controls, and marks that make a name read as another than it is.
_UNSEEMLY: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@frozen(kw_only=True)
class Item:
    """What the page needs of a file: a clip has no more."""

    file: File
    bibs: tuple[str, ...] = ()

    @property
    def href(self) -> str:
        """Where it is, from the page."""
        return href(self.file.name)

    @property
    def name(self) -> str:
        """Its file's name, for people."""
        return shown(self.file.name)

    @property
    def bib(self) -> str:
        """The BIBs in it."""
        return ", ".join(map(shown, self.bibs))


@frozen(kw_only=True)
class Photo(Item):
    """What the page needs of a photo. ``thumbnail`` is the name of a file in the hidden folder."""

    look: Look
    thumbnail: str

    @property
    def src(self) -> str:
        """Where its thumbnail is."""
        return f"{FOLDER_NAME}/{self.thumbnail}"


@frozen
class Group:
    """The photos of one hour. ``lists`` are those in lists that are laid out one at a time."""

    anchor: str
    day: str
    hour: str
    photos: Sequence[Photo]

    @property
    def parts(self) -> list[int]:
        """How many photos there are in each ten minutes of the hour."""
        parts = [0] * (60 // _PART_MINUTES)
        for photo in self.photos:
            if photo.look.taken_at is not None:
                parts[photo.look.taken_at.minute // _PART_MINUTES] += 1
        return parts

    @property
    def lists(self) -> Iterator[list[Photo]]:
        """The photos, some at a time."""
        photos = iter(self.photos)
        while part := list(islice(photos, LIST_LENGTH)):
            yield part


def write_page(folder: Path, title: str, photos: Iterable[Photo], clips: Sequence[Item]) -> Path:
    """Write the page into a folder, whole or not at all.

    Raises:
        GalleryError: the folder can't be written to.
    """
    index = folder / PAGE_NAME
    everything = sorted(photos, key=_by_time)
    readable = [photo for photo in everything if photo.look.error is None]
    css, js = _own("gallery.css", "lightbox.css"), _own("gallery.js")
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
            groups=_groups(readable),
            total=len(readable),
            clips=clips,
            unreadable=[photo for photo in everything if photo.look.error is not None],
            bytes=sum(
                file.bytes for file in (*(photo.file for photo in readable), *(clip.file for clip in clips))
            ),
            span=_span(readable),
        )
    )
    page.enable_buffering(_WRITTEN_AT_ONCE)
    with writing(folder), whole_file(index) as file:
        page.dump(file, encoding="utf-8")
    return index


def refuse_foreign(folder: Path) -> None:
    """Leave alone a page that somebody else wrote.

    Raises:
        GalleryError: there is one in this folder.
    """
    index = folder / PAGE_NAME
    try:
        with index.open("rb") as file:
            head = file.read(_GENERATOR_WITHIN_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise GalleryError(f"can't read {index}: {error.strerror or type(error).__name__}") from error
    if GENERATOR.encode() not in head:
        raise GalleryError(f"{index} is not a gallery's page, and stays as it is: move it away, or rename it")


def href(name: str) -> str:
    """Give the relative URL of a file beside the page, whatever it is called."""
    return quote(os.fsencode(name), safe="")


def shown(text: str) -> str:
    """Give a text as it can be shown, with a mark in place of what can't be or should not."""
    return _UNSEEMLY.sub("\ufffd", text)


def size_text(size: int) -> str:
    """Give a number of bytes for people."""
    number, unit = float(size), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{number:.1f} {unit}" if number < 9.95 and unit not in ("bytes", "KB") else f"{number:.0f} {unit}"


def count_text(number: int, noun: str) -> str:
    """Give a number of things for people."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _own(*names: str) -> str:
    """Read files of this package into one."""
    return "\n".join(_HERE.joinpath(name).read_text(encoding="utf-8") for name in names)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(size=size_text, counted=count_text)
    return environment


def _by_time(photo: Photo) -> tuple[bool, datetime, str]:
    taken_at = photo.look.taken_at
    return taken_at is None, taken_at or datetime.min, photo.file.name


def _groups(photos: Sequence[Photo]) -> list[Group]:
    groups = []
    for hour, found in groupby(photos, key=_hour):
        if hour is None:
            groups.append(Group("untimed", "", "", list(found)))
        else:
            anchor = f"t{hour:%Y%m%d%H}"
            groups.append(Group(anchor, _day_text(hour), f"{hour:%H}:00", list(found)))
    return groups


def _hour(photo: Photo) -> datetime | None:
    moment = photo.look.taken_at
    return None if moment is None else moment.replace(minute=0, second=0, microsecond=0)


def _span(photos: Sequence[Photo]) -> str:
    """Tell when the photos were taken, the first and the last."""
    moments = [photo.look.taken_at for photo in photos if photo.look.taken_at is not None]
    if not moments:
        return ""
    first, last = moments[0], moments[-1]
    if first.date() == last.date():
        return f"{_day_text(first)}, {first:%H:%M} to {last:%H:%M}"
    return f"{_day_text(first)}, {first:%H:%M} to {_day_text(last)}, {last:%H:%M}"


def _day_text(day: datetime) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
