from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from ninepic_async.gallery.decode import EDGE
from ninepic_async.gallery.thumbnails import PhotoInfo

from .pictures import make_thumbnail

SIZE = (800, 600)
MIB = 1024 * 1024


@pytest.fixture
def thumbnail(tmp_path: Path) -> Path:
    return tmp_path / "thumbnail.jpg"


def encoded(form: str, picture: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (picture or Image.effect_noise(SIZE, 60).convert("RGB")).save(out, form, **options)
    return out.getvalue()


def thumbnail_of(tmp_path: Path, thumbnail: Path, content: bytes, **options: int) -> PhotoInfo:
    (tmp_path / "a.jpg").write_bytes(content)
    return make_thumbnail(tmp_path / "a.jpg", thumbnail, **options)


def png_of(width: int, height: int, colours: int = 0) -> bytes:
    """A small file that claims to be a large picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int, *, progressive: bool) -> bytes:
    content = encoded("JPEG", Image.new("RGB", (8, 8)), progressive=progressive, subsampling=0)
    mark = b"\xff\xc2" if progressive else b"\xff\xc0"
    before, _, after = content.partition(mark)
    return before + mark + after[:3] + struct.pack(">HH", height, width) + after[7:]


def webp_of(width: int, height: int, kind: str) -> bytes:
    head = {
        "VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
        "VP8L": b"\x2f" + (width - 1 | height - 1 << 14).to_bytes(4, "little"),
        "VP8 ": bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height),
    }[kind]
    chunk = kind.encode() + struct.pack("<I", len(head)) + head + bytes(len(head) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def fail_if_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object, **__: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(Image.Image, "thumbnail", decoded)


@pytest.mark.parametrize(
    "content",
    [
        png_of(60_000, 60_000),
        png_of(2**31 - 1, 2**31 - 1),
        jpeg_of(65_000, 65_000, progressive=False),
        jpeg_of(16_000, 15_000, progressive=True),
        webp_of(16_383, 16_383, "VP8L"),
    ],
    ids=["png", "largest png", "jpeg", "progressive jpeg", "webp"],
)
def test_a_picture_that_is_too_large_is_not_decoded(
    tmp_path: Path, thumbnail: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_if_decoded(monkeypatch)
    info = thumbnail_of(tmp_path, thumbnail, content, allowed=400 * MIB)
    assert info.error is not None
    assert "too large" in info.error
    assert not thumbnail.exists()


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (png_of(10_000, 9_000, 6), (10_000, 9_000)),
        (jpeg_of(12_000, 9_000, progressive=True), (12_000, 9_000)),
        (webp_of(9_000, 6_000, "VP8X"), (9_000, 6_000)),
        (webp_of(9_000, 6_000, "VP8L"), (9_000, 6_000)),
        (webp_of(9_000, 6_000, "VP8 "), (9_000, 6_000)),
    ],
    ids=["png", "progressive jpeg", "extended webp", "lossless webp", "webp"],
)
def test_a_photo_that_takes_too_much_memory_is_shown_itself(
    tmp_path: Path,
    thumbnail: Path,
    content: bytes,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_if_decoded(monkeypatch)
    info = thumbnail_of(tmp_path, thumbnail, content, allowed=300 * MIB)
    assert info == PhotoInfo(width=size[0], height=size[1], has_thumbnail=False)
    assert not thumbnail.exists()


def test_a_tiff_that_takes_too_much_memory_is_not_shown(tmp_path: Path, thumbnail: Path) -> None:
    info = thumbnail_of(tmp_path, thumbnail, encoded("TIFF"), allowed=MIB)
    assert info.error == "too large: 800 × 600 pixels"  # no browser shows a TIFF itself


def test_a_large_baseline_jpeg_takes_little_memory(tmp_path: Path, thumbnail: Path) -> None:
    content = encoded("JPEG", Image.new("RGB", (8_000, 6_000), "teal"))
    info = thumbnail_of(tmp_path, thumbnail, content, allowed=24 * MIB)
    assert info == PhotoInfo(width=8_000, height=6_000)


def test_too_many_scans_are_not_decoded(
    tmp_path: Path, thumbnail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_if_decoded(monkeypatch)
    content = encoded("JPEG", progressive=True)
    scan = bytes.fromhex("ffda 0008 01 01 00 01 3f 00 00")
    info = thumbnail_of(tmp_path, thumbnail, content[:-2] + 20_000 * scan + content[-2:])
    assert info.error is not None
    assert "scans" in info.error


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    "picture", [Image.effect_noise(SIZE, 60).convert("RGB"), Image.new("RGB", SIZE, "teal")]
)
def test_a_jpeg_without_its_last_bytes_is_shown(
    tmp_path: Path, thumbnail: Path, picture: Image.Image, progressive: bool
) -> None:
    content = encoded("JPEG", picture, progressive=progressive)
    assert thumbnail_of(tmp_path, thumbnail, content[:-2]) == PhotoInfo(width=800, height=600)
    whole = tmp_path / "whole.jpg"
    thumbnail_of(tmp_path, whole, content)
    assert thumbnail.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_file_that_is_cut_off_is_not_shown(tmp_path: Path, thumbnail: Path, form: str, part: float) -> None:
    content = encoded(form)
    info = thumbnail_of(tmp_path, thumbnail, content[: int(len(content) * part)])
    assert info.error is not None
    assert not thumbnail.exists()


def png_with(chunk: bytes, body: bytes) -> bytes:
    content = encoded("PNG")
    extra = struct.pack(">I", len(body)) + chunk + body + struct.pack(">I", zlib.crc32(chunk + body))
    return content[:33] + extra + content[33:]


@pytest.mark.parametrize(
    "content",
    [
        png_with(b"iCCP", b"profile\0\x01" + zlib.compress(b"none")),
        png_with(b"zTXt", b"text\0\0" + zlib.compress(bytes(3_000_000))),
        png_with(b"acTL", struct.pack(">II", 0, 0)),
        png_with(b"fcTL", bytes(26)),
        png_with(b"gAMA", b""),
        png_with(b"eXIf", b"no exif"),
    ],
    ids=["profile", "text", "animation", "frame", "gamma", "exif"],
)
def test_a_png_with_odd_metadata_is_shown(tmp_path: Path, thumbnail: Path, content: bytes) -> None:
    info = thumbnail_of(tmp_path, thumbnail, content)
    assert (info.width, info.height, info.error) == (800, 600, None)


def test_a_progressive_jpeg_with_some_of_its_scans_is_shown(tmp_path: Path, thumbnail: Path) -> None:
    content = encoded("JPEG", progressive=True)
    fifth = [at for at in range(len(content)) if content.startswith(b"\xff\xda", at)][5]
    assert thumbnail_of(tmp_path, thumbnail, content[: fifth + 40]).error is None
    second = [at for at in range(len(content)) if content.startswith(b"\xff\xda", at)][1]
    assert thumbnail_of(tmp_path, thumbnail, content[: second // 2]).error == "the file is cut off"


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP", "TIFF"])
def test_a_file_without_its_last_two_bytes_is_shown(tmp_path: Path, thumbnail: Path, form: str) -> None:
    assert thumbnail_of(tmp_path, thumbnail, encoded(form)[:-2]) == PhotoInfo(width=800, height=600)


def test_bytes_behind_the_end_are_ignored(tmp_path: Path, thumbnail: Path) -> None:
    content = encoded("JPEG", Image.new("RGB", SIZE, "teal"))
    assert thumbnail_of(tmp_path, thumbnail, content + b"SEFT" * 9_000).error is None


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_greys_keep_their_shades(tmp_path: Path, thumbnail: Path, form: str) -> None:
    shades = [0, 10_000, 30_000, 65_535]
    columns = b"".join(struct.pack("<H", shade) * 500 for shade in shades)
    content = encoded(form, Image.frombytes("I;16", (2_000, 900), columns * 900))
    thumbnail_of(tmp_path, thumbnail, content)
    with Image.open(thumbnail) as picture:
        pixels = picture.convert("L").load()
        assert pixels is not None
        found = [pixels[EDGE * (2 * n + 1) // 8, 50] for n in range(4)]
    assert found == pytest.approx([shade / 257 for shade in shades], abs=3)


@pytest.mark.parametrize(
    ("form", "is_turned"), [("JPEG", True), ("PNG", True), ("AVIF", True), ("TIFF", True), ("WEBP", False)]
)
def test_a_photo_is_turned_as_browsers_turn_it(
    tmp_path: Path, thumbnail: Path, form: str, is_turned: bool
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(form, exif=exif)
    if form == "TIFF":
        content = encoded(form, tiffinfo={0x0112: 6})
    info = thumbnail_of(tmp_path, thumbnail, content)
    assert (info.width, info.height) == ((600, 800) if is_turned else (800, 600))
    with Image.open(thumbnail) as picture:
        assert (picture.height > picture.width) == is_turned


def test_an_orientation_in_xmp_is_ignored_as_browsers_do(tmp_path: Path, thumbnail: Path) -> None:
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    assert thumbnail_of(tmp_path, thumbnail, encoded("JPEG", xmp=packet)).width == 800


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"<html>Forbidden</html>", "not a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"\xff\x0a" + bytes(40), "JXL"),
        (b"\0\0\0\x18ftypcrx " + bytes(40), "CR3"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", ""),
    ],
)
def test_files_that_are_no_pictures_have_a_reason(
    tmp_path: Path, thumbnail: Path, content: bytes, says: str
) -> None:
    info = thumbnail_of(tmp_path, thumbnail, content)
    assert info.error is not None
    assert says in info.error
