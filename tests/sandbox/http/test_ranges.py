from __future__ import annotations

import pytest

from ninepic_async.sandbox.http.ranges import requested_part


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-", range(10)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=2-400", range(2, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-30", range(10)),
        ("bytes=-0", range(0)),
        ("bytes=10-", range(10, 10)),
        ("bytes=4-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("lines=0-1", None),
    ],
)
def test_range_headers(header: str, part: range | None) -> None:
    asked = requested_part(header, 10)
    assert asked == part or (asked is not None and part is not None and not asked and not part)
