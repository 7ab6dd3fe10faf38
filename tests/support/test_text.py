from __future__ import annotations

import pytest

from ninepic_async._support.text import count_text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 photos"), (1, "1 photo"), (2, "2 photos"), (1200, "1,200 photos")]
)
def test_a_count_agrees_with_its_noun(number: int, text: str) -> None:
    assert count_text(number, "photo") == text
