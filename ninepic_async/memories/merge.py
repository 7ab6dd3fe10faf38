"""Merge two lists of photos, without duplicates. No I/O."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ninepic_async.models import ImageItem


def merged(by_bib: Sequence[ImageItem], by_selfie: Sequence[ImageItem]) -> tuple[ImageItem, ...]:
    """Return the photos of both lists, without duplicates, in an order that fits both lists.

    If the lists order their common photos differently, the order of the first list is used. Photos that are
    in one list only always keep their order.
    """
    first, second = _unique(by_bib), _unique(by_selfie)
    places = {photo.image_id: place for place, photo in enumerate(first)}
    fixed = set(_longest_rising([places[each.image_id] for each in second if each.image_id in places]))
    result: list[ImageItem] = []
    used = 0
    for photo in second:
        place = places.get(photo.image_id)
        if place is None:
            result.append(photo)
        elif place in fixed:
            result += first[used : place + 1]
            used = place + 1
    return (*result, *first[used:])


def _unique(photos: Iterable[ImageItem]) -> list[ImageItem]:
    unique: dict[str, ImageItem] = {}
    for photo in photos:
        unique.setdefault(photo.image_id, photo)
    return list(unique.values())


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """Return a longest rising subsequence of distinct numbers."""
    ends: list[int] = []
    end_places: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(end_places[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        end_places[length : length + 1] = [place]
    rising = []
    place = end_places[-1] if end_places else -1
    while place >= 0:
        rising.append(numbers[place])
        place = before[place]
    return rising[::-1]
