from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ninepic_async.gallery.jpeg_scans import JpegScans, read_jpeg_scans

EMPTY_SCAN = bytes.fromhex("ffda 0008 01 01 00 01 3f 00 00")


def jpeg(size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def scans_of(tmp_path: Path, content: bytes) -> JpegScans:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with path.open("rb") as file:
        return read_jpeg_scans(file)


def test_a_baseline_jpeg_has_one_scan_and_keeps_no_coefficients(tmp_path: Path) -> None:
    assert scans_of(tmp_path, jpeg()) == JpegScans(count=1, coefficient_bytes=0)


@pytest.mark.parametrize(
    ("mode", "subsampling", "per_pixel"), [("RGB", 0, 6), ("RGB", 2, 3), ("L", 0, 2), ("CMYK", 0, 8)]
)
def test_a_progressive_jpeg_keeps_two_bytes_for_each_coefficient(
    tmp_path: Path, mode: str, subsampling: int, per_pixel: int
) -> None:
    found = scans_of(tmp_path, jpeg(mode=mode, progressive=True, subsampling=subsampling))
    assert found.count > 1
    assert found.coefficient_bytes == 64 * 48 * per_pixel


def test_a_baseline_jpeg_with_a_scan_for_each_colour_keeps_them_too(tmp_path: Path) -> None:
    content = jpeg(subsampling=0)
    # The first scan is said to have one colour of the three.
    at = content.index(b"\xff\xda") + 4
    assert scans_of(tmp_path, content[:at] + b"\x01" + content[at + 1 :]).coefficient_bytes == 64 * 48 * 6


def test_scans_are_counted_up_to_a_bound(tmp_path: Path) -> None:
    content = jpeg()
    assert scans_of(tmp_path, content[:-2] + 40 * EMPTY_SCAN + content[-2:]).count == 41
    assert scans_of(tmp_path, content[:-2] + 5000 * EMPTY_SCAN + content[-2:]).count == 101


def test_what_is_behind_the_end_of_the_image_does_not_count(tmp_path: Path) -> None:
    assert scans_of(tmp_path, jpeg() + jpeg(progressive=True)).count == 1


def test_a_scan_inside_another_segment_does_not_count(tmp_path: Path) -> None:
    content = jpeg(comment=3 * EMPTY_SCAN)
    assert scans_of(tmp_path, content).count == 1


@given(st.binary(min_size=1, max_size=400), st.integers(0, 300))
def test_arbitrary_bytes_are_read(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    content = jpeg((8, 8), progressive=True)
    found = scans_of(tmp_path_factory.mktemp("noise"), content[:at] + noise + content[at:])
    assert 0 <= found.count <= 101
    assert found.coefficient_bytes >= 0
