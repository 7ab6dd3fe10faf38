"""Sort photos by time, and group them by hour, or by day, month or year if most hours have few photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Final

from attrs import evolve, field, frozen

from ninepic_async.gallery.page_text import (
    clock_text,
    day_and_time_text,
    day_text,
    href,
    month_name,
    month_text,
    shown,
)
from ninepic_async.gallery.photo_notes import PhotoNotes
from ninepic_async.gallery.scan import File
from ninepic_async.gallery.thumbnail_cache import FOLDER_NAME
from ninepic_async.gallery.thumbnails import PhotoInfo

LIST_LENGTH: Final = 48
"""Photos in one list. The browser lays out only the lists near the window."""
_THIN: Final = 3
"""A group needs this many photos to fill a row."""
_FEW_GROUPS: Final = 6
"""A page can have this many groups with fewer photos."""
_NO_TIME: Final = datetime.min
_WAYS: Final = {("bib",): "BIB", ("selfie",): "selfie", ("bib", "selfie"): "BIB + selfie"}


@frozen(kw_only=True)
class Item:
    """A file for the page: a clip, or the base of a photo."""

    file: File
    notes: PhotoNotes = field(factory=PhotoNotes)

    @property
    def href(self) -> str:
        """The file's relative URL."""
        return href(self.file.name)

    @property
    def name(self) -> str:
        """The file's name, for people."""
        return shown(self.file.name)

    @property
    def bib(self) -> str:
        """The BIBs in it."""
        return ", ".join(map(shown, self.notes.bibs))

    @property
    def found_by(self) -> str:
        """How it was found, for people."""
        return _WAYS.get(self.notes.found_by, "")


@frozen(kw_only=True)
class Photo(Item):
    """A photo for the page.

    Attributes:
        info: its size, and its capture time by the camera's clock.
        thumbnail: the file name of its thumbnail.
        time: its time by the clock of the page, which `arrange` chooses.
    """

    info: PhotoInfo
    thumbnail: str
    time: datetime | None = None

    @property
    def src(self) -> str:
        """The relative URL of its thumbnail, or of the photo if it has no thumbnail."""
        return f"{FOLDER_NAME}/{self.thumbnail}" if self.info.has_thumbnail else self.href


@frozen
class Level:
    """One way to group photos.

    Attributes:
        plural: the name of its groups, such as "Hours".
        anchor: the format of a group's anchor. Photos with the same anchor are in one group.
        outer: returns the text that several groups share, such as the day of an hour.
        inner: returns the text of one group, without the shared text.
        caption: returns the text of one photo's time.
        parts: the number of bars that a group has in the chart.
        part: returns the bar of a time, from 0.
        zone: the time zone of `inner`, if it is not the camera's.
    """

    plural: str
    anchor: str
    outer: Callable[[datetime], str]
    inner: Callable[[datetime], str]
    caption: Callable[[datetime], str]
    parts: int
    part: Callable[[datetime], int]
    zone: str = ""


_HOURS: Final = Level(
    "Hours", "%Y%m%d%H", day_text, lambda t: f"{t:%H}:00", clock_text, 6, lambda t: t.minute // 10
)
_UTC_HOURS: Final = evolve(_HOURS, parts=1, part=lambda _: 0, zone=" UTC")
_DAYS: Final = Level("Days", "%Y%m%d", month_text, lambda t: str(t.day), clock_text, 8, lambda t: t.hour // 3)
_MONTHS: Final = Level(
    "Months",
    "%Y%m",
    lambda t: str(t.year),
    month_name,
    day_and_time_text,
    4,
    lambda t: min(3, (t.day - 1) // 8),
)
_YEARS: Final = Level(
    "Years", "%Y", lambda _: "", lambda t: str(t.year), day_and_time_text, 12, lambda t: t.month - 1
)


@frozen
class Group:
    """The photos of one hour, day, month or year; or those without a time.

    Attributes:
        level: how the photos are grouped; None for photos without a time.
        photos: the photos, in order.
    """

    level: Level | None
    photos: Sequence[Photo]

    @property
    def anchor(self) -> str:
        """The id of the group's element, for links."""
        return "untimed" if self.level is None else f"t{self._time.strftime(self.level.anchor)}"

    @property
    def outer(self) -> str:
        """Text that several groups share."""
        return "" if self.level is None else self.level.outer(self._time)

    @property
    def inner(self) -> str:
        """Text of this group, without the shared text."""
        return "" if self.level is None else self.level.inner(self._time) + self.level.zone

    @property
    def label(self) -> str:
        """Text of this group, short enough for the chart."""
        text = "" if self.level is None else self.level.inner(self._time)
        return text[:3] if self.level is _MONTHS else text

    @property
    def heading(self) -> tuple[str, str]:
        """The heading in two parts. The second part is emphasized."""
        if self.level in (_DAYS, _MONTHS):
            return "", f"{self.inner} {self.outer}"
        return self.outer, self.inner

    @property
    def parts(self) -> list[int]:
        """The number of photos for each bar of the chart."""
        if self.level is None:
            return []
        parts = [0] * self.level.parts
        for photo in self.photos:
            parts[self.level.part(photo.time or _NO_TIME)] += 1
        return parts

    @property
    def lists(self) -> Iterator[Sequence[Photo]]:
        """The photos in lists of `LIST_LENGTH`. The browser lays out each list separately."""
        photos = iter(self.photos)
        while part := list(islice(photos, LIST_LENGTH)):
            yield part

    @property
    def _time(self) -> datetime:
        return self.photos[0].time or _NO_TIME


@frozen
class Timeline:
    """Photos in order and in groups.

    Attributes:
        groups: the groups, by time. The last one may hold photos without a time.
        level: how the photos are grouped; None if no photo has a time.
        span: the first and the last time, as text.
    """

    groups: Sequence[Group]
    level: Level | None
    span: str

    def caption(self, photo: Photo) -> str:
        """Return the text of a photo's own time; empty if the photo has none."""
        exact = photo.info.taken_at is not None and photo.time == photo.info.taken_at
        return self.level.caption(photo.time) if exact and self.level and photo.time else ""


def arrange(photos: Sequence[Photo]) -> Timeline:
    """Sort photos by time and group them.

    Times are those of the cameras. But if more photos have an hour from the service than a time in the file,
    the page uses the service's hours, which are in UTC. Within an hour, photos have the service's order.
    """
    cameras = sum(photo.info.taken_at is not None for photo in photos)
    service = sum(photo.notes.hour is not None for photo in photos)
    by_service = service > cameras
    ordered = sorted((evolve(photo, time=_time_of(photo, by_service)) for photo in photos), key=_by_time)
    timed = [photo for photo in ordered if photo.time is not None]
    untimed = ordered[len(timed) :]
    level = _level(timed, by_service) if timed else None
    groups = [Group(level, list(found)) for _, found in groupby(timed, lambda photo: _anchor(photo, level))]
    if untimed:
        groups.append(Group(None, untimed))
    return Timeline(groups, level, _span(timed, by_service))


def _time_of(photo: Photo, by_service: bool) -> datetime | None:
    if not by_service:
        return photo.info.taken_at or photo.notes.hour
    time = photo.notes.hour or photo.info.taken_at
    return None if time is None else time.replace(minute=0, second=0, microsecond=0)


def _by_time(photo: Photo) -> tuple[bool, datetime, bool, tuple[str, int], str]:
    place = photo.notes.place
    return photo.time is None, photo.time or _NO_TIME, place is None, place or ("", 0), photo.file.name


def _level(timed: Sequence[Photo], by_service: bool) -> Level:
    """Return the finest level whose groups have enough photos on average."""
    for level in (_UTC_HOURS if by_service else _HOURS, _DAYS, _MONTHS):
        groups = len({_anchor(photo, level) for photo in timed})
        if groups <= _FEW_GROUPS or len(timed) >= _THIN * groups:
            return level
    return _YEARS


def _anchor(photo: Photo, level: Level | None) -> str:
    return "" if level is None or photo.time is None else photo.time.strftime(level.anchor)


def _span(timed: Sequence[Photo], by_service: bool) -> str:
    if not timed:
        return ""
    first, last = timed[0].time or _NO_TIME, timed[-1].time or _NO_TIME
    end = last + timedelta(hours=1) if by_service else last
    zone = " UTC" if by_service else ""
    if first.date() == end.date():
        return f"{day_text(first)}, {first:%H:%M} to {end:%H:%M}{zone}"
    return f"{day_text(first)}, {first:%H:%M} to {day_text(end)}, {end:%H:%M}{zone}"
