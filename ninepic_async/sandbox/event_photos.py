"""An event's photos without their pixels: ids, sizes, capture times and BIBs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final, Protocol

from attrs import frozen

_HOUR: Final = 3600


@frozen
class Photo:
    """The API's data about one photo.

    Attributes:
        index: Index of the photo in its source.
        taken_at: Capture time in Unix seconds; None if it has none.
        open_original: Whether lists have a public link to its original.
    """

    index: int
    image_id: str
    width: int
    height: int
    taken_at: int | None
    open_original: bool


class PhotoSource(Protocol):
    """The photos of an event before any change, ordered by capture time. Photos without a time are last."""

    @property
    def total(self) -> int:
        """Return the number of photos."""
        ...

    @property
    def timed(self) -> int:
        """Return the number of photos with a capture time."""
        ...

    @property
    def participants(self) -> Sequence[str]:
        """Return the BIBs of all participants, with or without photos."""
        ...

    @property
    def bibs(self) -> Sequence[str]:
        """Return the BIBs that have photos."""
        ...

    @property
    def left_out(self) -> Sequence[str]:
        """Return one line for each file that is not served, with the reason."""
        ...

    def photo(self, index: int) -> Photo:
        """Return a photo by its index."""
        ...

    def taken_at(self, index: int) -> int:
        """Return the capture time of one of the first ``timed`` photos."""
        ...

    def index_of(self, image_id: str) -> int | None:
        """Return a photo's index, or None for an unknown id."""
        ...

    def bibs_in(self, index: int) -> tuple[str, ...]:
        """Return the BIBs in a photo, also in an added one; the main runner's BIB is first."""
        ...

    def of_bib(self, bib: str) -> Sequence[int]:
        """Return the indices of a BIB's photos, in order; the BIB is compared without case."""
        ...


class EventPhotos:
    """An event's photos, ordered by capture time. Photos without a time are last.

    A change makes a new object, so that each request sees one consistent state. A change can move a photo to
    another place in the order, but not change its `Photo.index`.

    Args:
        source: Where the photos come from.
        added: All photos that were ever added, in the order of adding.
        removed: The ids of removed photos.
    """

    def __init__(
        self, source: PhotoSource, added: Sequence[Photo] = (), removed: frozenset[str] = frozenset()
    ) -> None:
        self.source = source
        self.added: tuple[Photo, ...] = tuple(added)
        self.removed = removed

    @property
    def is_changed(self) -> bool:
        """Return whether photos were added or removed."""
        return bool(self.added or self.removed)

    @property
    def total(self) -> int:
        """Return the number of photos."""
        return len(self._listed) if self.is_changed else self.source.total

    @property
    def timed(self) -> int:
        """Return the number of photos with a capture time."""
        return self._timed if self.is_changed else self.source.timed

    @property
    def bibs(self) -> Sequence[str]:
        """Return the BIBs that have photos."""
        return self._bibs if self.is_changed else self.source.bibs

    def photo(self, place: int) -> Photo:
        """Return a photo by its place in the order."""
        return self._listed[place] if self.is_changed else self.source.photo(place)

    def taken_at(self, place: int) -> int:
        """Return the capture time of one of the first ``timed`` photos."""
        return (self._listed[place].taken_at or 0) if self.is_changed else self.source.taken_at(place)

    def index_of(self, image_id: str) -> int | None:
        """Return a photo's place in the order, or None for an unknown id."""
        return self._places.get(image_id) if self.is_changed else self.source.index_of(image_id)

    def bibs_in(self, place: int) -> tuple[str, ...]:
        """Return the BIBs in a photo; the main runner's BIB is first."""
        return self.source.bibs_in(self.photo(place).index)

    def of_bib(self, bib: str) -> Sequence[int]:
        """Return the places of a BIB's photos, in order; the BIB is compared without case."""
        if not self.is_changed:
            return self.source.of_bib(bib)
        original = [self.source.photo(index) for index in self.source.of_bib(bib)]
        photos = (*original, *self._added_by_bib.get(bib.casefold(), ()))
        return sorted(self._places[photo.image_id] for photo in photos if photo.image_id in self._places)

    def find(self, image_id: str) -> Photo | None:
        """Return a photo by its id, even if it was removed; None for an unknown id."""
        index = self.source.index_of(image_id)
        if index is not None:
            return self.source.photo(index)
        return self._added_by_id.get(image_id)

    def with_added(self, photos: Iterable[Photo]) -> EventPhotos:
        """Return these photos together with new ones."""
        return EventPhotos(self.source, (*self.added, *photos), self.removed)

    def without(self, image_ids: Iterable[str]) -> EventPhotos:
        """Return these photos without some of them.

        Raises:
            LookupError: An id is unknown.
        """
        removed = frozenset(image_ids)
        for image_id in removed:
            if self.index_of(image_id) is None:
                raise LookupError(f"the event has no photo {image_id!r}")
        return EventPhotos(self.source, self.added, self.removed | removed)

    def ids_beyond(self, other: EventPhotos) -> Sequence[str]:
        """Return the ids of the photos that the other object does not have, in order."""
        photos = map(self.photo, range(self.total))
        return [photo.image_id for photo in photos if other.index_of(photo.image_id) is None]

    @cached_property
    def _listed(self) -> Sequence[Photo]:
        photos = [*map(self.source.photo, range(self.source.total)), *self.added]
        left = [photo for photo in photos if photo.image_id not in self.removed]
        return sorted(left, key=lambda photo: (photo.taken_at is None, photo.taken_at or 0))

    @cached_property
    def _timed(self) -> int:
        return sum(photo.taken_at is not None for photo in self._listed)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {photo.image_id: place for place, photo in enumerate(self._listed)}

    @cached_property
    def _added_by_id(self) -> dict[str, Photo]:
        return {photo.image_id: photo for photo in self.added}

    @cached_property
    def _added_by_bib(self) -> dict[str, list[Photo]]:
        photos: dict[str, list[Photo]] = {}
        for photo in self.added:
            for bib in self.source.bibs_in(photo.index):
                photos.setdefault(bib.casefold(), []).append(photo)
        return photos

    @cached_property
    def _bibs(self) -> Sequence[str]:
        return tuple(bib for bib in self.source.participants if self.of_bib(bib))


def between(photos: EventPhotos, start: int, end: int) -> range:
    """Return the indices of the photos taken in ``[start, end)``."""
    places = range(photos.timed)
    first = bisect_left(places, start, key=photos.taken_at)
    return range(first, max(first, bisect_left(places, end, key=photos.taken_at)))


def hour_counts(photos: EventPhotos) -> dict[int, int]:
    """Return the number of photos by UTC hour (counted from 1970), ascending. Empty hours are left out."""
    counts: dict[int, int] = {}
    place = 0
    while place < photos.timed:
        hour = photos.taken_at(place) // _HOUR
        end = bisect_left(range(photos.timed), (hour + 1) * _HOUR, key=photos.taken_at)
        counts[hour] = end - place
        place = end
    return counts
