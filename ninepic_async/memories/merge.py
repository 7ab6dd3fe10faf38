"""Merge two lists of photos into one, each photo once. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ninepic_async.models import ImageItem


def merged(by_bib: Sequence[ImageItem], by_selfie: Sequence[ImageItem]) -> tuple[ImageItem, ...]:
    """Return the photos of both lists, each once, in an order that both agree with.

    Photos that both lists hold are the fixed points. Where the lists disagree about these, the first list's
    order wins; each list's own photos keep their order in any case.
    """
    first, second = _unique(by_bib), _unique(by_selfie)
    places = {photo.image_id: place for place, photo in enumerate(first)}
    fixed = set(_longest_rising([places[each.image_id] for each in second if each.image_id in places]))
    whole: list[ImageItem] = []
    taken = 0
    for photo in second:
        place = places.get(photo.image_id)
        if place is None:
            whole.append(photo)
        elif place in fixed:
            whole += first[taken : place + 1]
            taken = place + 1
    return (*whole, *first[taken:])


def _unique(photos: Iterable[ImageItem]) -> list[ImageItem]:
    unique: dict[str, ImageItem] = {}
    for photo in photos:
        unique.setdefault(photo.image_id, photo)
    return list(unique.values())


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """Return a longest rising part of a sequence of distinct numbers."""
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
