from __future__ import annotations

import pytest

from ninepic_async.download.file_types import detect, right_extension, unexpected_content

JPEG = b"\xff\xd8\xff\xe0"
PNG = b"\x89PNG\r\n\x1a\n"
WEBP = b"RIFF\x10\0\0\0WEBPVP8 "
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
AVIF = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf"
MP4 = b"\0\0\0\x18ftypmp42"
MOV = b"\0\0\0\x14ftypqt  "
TIFF = b"II*\0rest"
HTML = b"\n<!DOCTYPE html>"


@pytest.mark.parametrize(
    ("extension", "head", "right"),
    [
        (".jpg", JPEG, ".jpg"),
        (".JPEG", JPEG, ".JPEG"),
        (".jfif", JPEG, ".jfif"),
        (".jpg", PNG, ".png"),
        (".JPG", WEBP, ".webp"),
        (".jpg", HEIC, ".heic"),
        (".jpg", AVIF, ".avif"),
        (".avif", AVIF, ".avif"),
        (".cr2", TIFF, ".cr2"),
        (".cr2", JPEG, ".jpg"),
        (".mp4", MP4, ".mp4"),
        (".mov", MOV, ".mov"),
        (".m4v", MP4, ".m4v"),
        ("", JPEG, ".jpg"),
        *((hostile, JPEG, ".jpg") for hostile in (".php", ".exe", ".lnk", ".html", ".svg", ".ini", ".py")),
        *(
            (hostile, HTML, None)
            for hostile in (".php", ".exe", ".html", ".svg", ".ini", ".json", ".txt", "")
        ),
        (".jpg", HTML, None),
        (".jpg", MP4, None),
        (".mp4", JPEG, None),
        (".jpg", b"", None),
        ("", b'{"message": "Forbidden"}', None),
    ],
)
def test_a_file_is_stored_under_the_type_that_its_bytes_show(
    extension: str, head: bytes, right: str | None
) -> None:
    assert right_extension(extension, head) == right


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"GIF89a", ".gif"),
        (b"BM\x36\0\0\0\0\0\0\0", ".bmp"),
        (b"BMW is no picture", None),
        (b"\0\0\0\x0cJXL \r\n\x87\n", ".jxl"),
        (b"\x1a\x45\xdf\xa3", ".webm"),
        (b"%PDF-1.4", None),
        (b"MZ\x90\0", None),
        (b"PK\x03\x04", None),
        (b"<svg xmlns=", None),
    ],
)
def test_types_are_detected(head: bytes, found: str | None) -> None:
    assert detect(head) == found


def test_the_error_says_what_came() -> None:
    text = unexpected_content(".jpg", HTML, "text/html; charset=utf-8")
    assert "not a photo" in text
    assert "text/html" in text
    assert "empty" in unexpected_content(".jpg", b"", "image/jpeg")
    assert "not a video" in unexpected_content(".mp4", HTML, "")
