"""Add photos to an event while the sandbox runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from attrs import frozen

from ninepic_async.sandbox.drawn_photos import DrawnPhotos
from ninepic_async.sandbox.event_photos import EventPhotos, Photo


@frozen
class NewPhotos:
    """The photos to draw.

    Attributes:
        count: How many.
        bib: BIB of the runner in front; None: any runner.
        taken_at: Capture time, aware; None: generated from the seed.
        timed: Whether they have a capture time.

    Raises:
        ValueError: A value is impossible, or two contradict each other.
    """

    count: int
    bib: str | None
    taken_at: datetime | None
    timed: bool

    def __attrs_post_init__(self) -> None:
        if type(self.count) is not int or self.count < 1:
            raise ValueError("count must be a whole number from 1")
        if self.taken_at is not None and self.taken_at.tzinfo is None:
            raise ValueError("taken_at must be an aware datetime: add a time zone, such as datetime.UTC")
        if self.taken_at is not None and not self.timed:
            raise ValueError("taken_at and timed=False contradict each other: give one of them")


def with_drawn(photos: EventPhotos, new: NewPhotos) -> EventPhotos:
    """Return drawn photos together with new ones from the same source.

    Raises:
        LookupError: No participant has the BIB.
    """
    source = photos.source
    if not isinstance(source, DrawnPhotos):
        raise TypeError(f"{type(source).__name__} can't draw photos")
    if new.bib is not None and new.bib.casefold() not in map(str.casefold, source.participants):
        raise LookupError(f"no participant of the main event has BIB {new.bib!r}")
    return photos.with_added(_drawn(photos, source, new))


def _drawn(photos: EventPhotos, source: DrawnPhotos, new: NewPhotos) -> Iterator[Photo]:
    used = {photo.index for photo in photos.added}
    unused = (index for index in source.more_indices(new.bib) if index not in used)
    for index in islice(unused, new.count):
        yield source.photo_at(index, _time_of(source, index, new))


def _time_of(source: DrawnPhotos, index: int, new: NewPhotos) -> int | None:
    if not new.timed:
        return None
    return source.time_of(index) if new.taken_at is None else int(new.taken_at.timestamp())
