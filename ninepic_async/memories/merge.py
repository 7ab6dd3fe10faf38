"""Merge two lists of photos, without duplicates. No I/O."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ninepic_async.models import ImageItem


def merged(by_bib: Sequence[ImageItem], by_selfie: Sequence[ImageItem]) -> tuple[ImageItem, ...]:
    """Return the photos of both lists, without duplicates, in an order that fits both lists.

    If the lists order their common photos differently, the order of the first list is used. Photos that are
    in only one list keep their order in any case.
    """
    first, second = _unique(by_bib), _unique(by_selfie)
    indexes = {photo.image_id: index for index, photo in enumerate(first)}
    fixed = set(_longest_rising([indexes[each.image_id] for each in second if each.image_id in indexes]))
    result: list[ImageItem] = []
    used = 0
    for photo in second:
        index = indexes.get(photo.image_id)
        if index is None:
            result.append(photo)
        elif index in fixed:
            result += first[used : index + 1]
            used = index + 1
    return (*result, *first[used:])


def _unique(photos: Iterable[ImageItem]) -> list[ImageItem]:
    unique: dict[str, ImageItem] = {}
    for photo in photos:
        unique.setdefault(photo.image_id, photo)
    return list(unique.values())


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """Return a longest rising subsequence of distinct numbers."""
    ends: list[int] = []
    end_indexes: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(end_indexes[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        end_indexes[length : length + 1] = [index]
    rising = []
    index = end_indexes[-1] if end_indexes else -1
    while index >= 0:
        rising.append(numbers[index])
        index = before[index]
    return rising[::-1]
