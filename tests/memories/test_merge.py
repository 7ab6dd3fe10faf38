from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import ImageItem
from ninepic_async.memories.merge import merged


def photos(names: str) -> list[ImageItem]:
    return [ImageItem(image_id=name, img_url=f"u/{name}", thumbnail_url=f"t/{name}") for name in names]


def merge(by_bib: str, by_selfie: str) -> str:
    return "".join(photo.image_id for photo in merged(photos(by_bib), photos(by_selfie)))


@pytest.mark.parametrize(
    ("by_bib", "by_selfie", "whole"),
    [
        ("", "", ""),
        ("abc", "", "abc"),
        ("", "abc", "abc"),
        ("abc", "abc", "abc"),
        ("ace", "abcde", "abcde"),
        ("abc", "xby", "xabyc"),
        ("ab", "ba", "ab"),
        ("abc", "xcyaz", "xyazbc"),
        ("aab", "bba", "ab"),
    ],
)
def test_orders(by_bib: str, by_selfie: str, whole: str) -> None:
    assert merge(by_bib, by_selfie) == whole


@given(st.text("abcdefgh"), st.text("abcdefgh"))
def test_each_photo_is_there_once_and_the_bib_searchs_order_holds(by_bib: str, by_selfie: str) -> None:
    whole = merge(by_bib, by_selfie)
    assert sorted(whole) == sorted({*by_bib, *by_selfie})
    first = "".join(dict.fromkeys(by_bib))
    assert "".join(name for name in whole if name in by_bib) == first
    own = "".join(name for name in dict.fromkeys(by_selfie) if name not in by_bib)
    assert "".join(name for name in whole if name not in by_bib) == own


@given(st.sets(st.integers(0, 200)), st.sets(st.integers(0, 200)))
def test_lists_that_agree_keep_both_orders(by_bib: set[int], by_selfie: set[int]) -> None:
    first, second = sorted(by_bib), sorted(by_selfie)
    whole = [
        ord(photo.image_id)
        for photo in merged(photos("".join(map(chr, first))), photos("".join(map(chr, second))))
    ]
    assert [number for number in whole if number in by_bib] == first
    assert [number for number in whole if number in by_selfie] == second
