from __future__ import annotations

import pytest

from ninepic_async.download.content_check import ends_whole, wrong_content

JPEG = b"\xff\xd8\xff\xe0"
PNG = b"\x89PNG\r\n\x1a\n"
MP4 = b"\0\0\0\x18ftypmp42"
HTML = b"\n<!DOCTYPE html>"


@pytest.mark.parametrize(
    ("extension", "head", "good"),
    [
        (".jpg", JPEG, True),
        (".JPG", PNG, True),
        (".jpg", HTML, False),
        (".jpg", MP4[:6], False),
        (".mp4", MP4, True),
        (".mp4", JPEG, False),
        (".cr2", b"II*\0rest", True),
        (".cr2", HTML, False),
        ("", b'{"message": "Forbidden"}', False),
        ("", JPEG, True),
        (".json", b"{}", True),
        (".jpg", b"", False),
    ],
)
def test_content(extension: str, head: bytes, good: bool) -> None:
    assert (wrong_content(extension, head, "text/html; charset=utf-8") is None) is good


def test_the_error_names_what_came() -> None:
    assert "text/html" in str(wrong_content(".jpg", HTML, "text/html; charset=utf-8"))


def test_the_end_of_a_jpeg() -> None:
    assert ends_whole(".jpg", b"\xff\xd9")
    assert not ends_whole(".jpg", b"\xff\xd9x")
    assert not ends_whole(".mp4", b"\xff\xd9")
