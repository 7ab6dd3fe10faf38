from __future__ import annotations

import io
import struct
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ninepic_async.gallery import thumbnails
from ninepic_async.gallery.thumbnails import EDGE, Look, make_thumbnail

from .pictures import DATE_TIME_ORIGINAL, ORIENTATION, SUB_IFD, draw


@pytest.fixture
def thumbnail(tmp_path: Path) -> Path:
    return tmp_path / "thumbnail.jpg"


def bright(picture: Image.Image, x: float, y: float) -> bool:
    left, top = int(x * picture.width), int(y * picture.height)
    return picture.convert("L").crop((left, top, left + 1, top + 1)).tobytes()[0] > 200


@pytest.mark.parametrize(
    ("size", "small"), [((3000, 2000), (EDGE, 320)), ((2000, 3000), (320, EDGE)), ((100, 50), (100, 50))]
)
def test_a_photo_is_made_small_and_never_large(
    tmp_path: Path, thumbnail: Path, size: tuple[int, int], small: tuple[int, int]
) -> None:
    look = make_thumbnail(draw(tmp_path / "a.jpg", size), thumbnail)
    assert look == Look(width=size[0], height=size[1])
    with Image.open(thumbnail) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", small)
        assert bright(picture, 0.25, 0.25)
        assert not bright(picture, 0.75, 0.75)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


# Where the white corner is to be seen, for each orientation that EXIF knows.
CORNERS = {
    1: (0.25, 0.25),
    2: (0.75, 0.25),
    3: (0.75, 0.75),
    4: (0.25, 0.75),
    5: (0.25, 0.25),
    6: (0.75, 0.25),
    7: (0.75, 0.75),
    8: (0.25, 0.75),
}


@pytest.mark.parametrize("orientation", CORNERS)
def test_a_photo_is_shown_upright(tmp_path: Path, thumbnail: Path, orientation: int) -> None:
    photo = draw(tmp_path / "a.jpg", (900, 600), orientation=orientation)
    look = make_thumbnail(photo, thumbnail)
    assert (look.width, look.height) == ((600, 900) if orientation >= 5 else (900, 600))
    with Image.open(thumbnail) as picture:
        assert (picture.width > picture.height) == (look.width > look.height)
        seen = [corner for corner in dict.fromkeys(CORNERS.values()) if bright(picture, *corner)]
        assert seen == [CORNERS[orientation]]
        assert ORIENTATION not in picture.getexif()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16", "RGB"])
@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "JPEG"])
def test_every_kind_of_picture_becomes_a_plain_jpeg(
    tmp_path: Path, thumbnail: Path, form: str, mode: str
) -> None:
    photo = tmp_path / "a.any"
    try:
        Image.new(mode, (640, 480)).save(photo, form)
    except (OSError, ValueError, KeyError):
        return  # this kind of file has no such pictures
    assert make_thumbnail(photo, thumbnail).error is None
    with Image.open(thumbnail) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")


def test_what_can_be_seen_through_is_on_white(tmp_path: Path, thumbnail: Path) -> None:
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(tmp_path / "a.png")
    make_thumbnail(tmp_path / "a.png", thumbnail)
    with Image.open(thumbnail) as picture:
        assert bright(picture, 0.5, 0.5)


def test_a_thumbnail_tells_nothing_of_the_camera(tmp_path: Path, thumbnail: Path) -> None:
    photo = draw(tmp_path / "a.jpg", taken_at=datetime(2026, 1, 19, 9, 1, 2, 340_000))
    assert make_thumbnail(photo, thumbnail).taken_at == datetime(2026, 1, 19, 9, 1, 2, 340_000)
    with Image.open(thumbnail) as picture:
        assert not picture.getexif()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000:00:00 00:00:00",
        "2026-01-19",
        "2026:13:45 25:00:00",
        "yesterday",
        "\0\0",
        "２０２６:01:19 09:00:00x",
    ],
)
def test_a_time_that_makes_no_sense_is_no_time(tmp_path: Path, thumbnail: Path, text: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(SUB_IFD)[DATE_TIME_ORIGINAL] = text.encode()
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)
    look = make_thumbnail(tmp_path / "a.jpg", thumbnail)
    assert look == Look(width=30, height=20)


def png_of(width: int, height: int) -> bytes:
    """A small file that claims to be a large picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int, *, progressive: bool) -> bytes:
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "JPEG", progressive=progressive)
    mark = b"\xff\xc2" if progressive else b"\xff\xc0"
    before, _, after = out.getvalue().partition(mark)
    return before + mark + after[:3] + struct.pack(">HH", height, width) + after[7:]


@pytest.mark.parametrize(
    "content",
    [
        png_of(60_000, 60_000),
        png_of(9_000, 9_000),
        png_of(2**31 - 1, 2**31 - 1),
        jpeg_of(65_000, 65_000, progressive=False),
        jpeg_of(8_000, 8_000, progressive=True),
    ],
    ids=["png, an error", "png", "png, absurd", "jpeg", "progressive jpeg"],
)
def test_a_file_that_would_fill_the_memory_is_not_decoded(
    tmp_path: Path, thumbnail: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(*_: object, **__: object) -> None:
        raise AssertionError("it was decoded")

    photo = tmp_path / "a.jpg"
    photo.write_bytes(content)
    monkeypatch.setattr(Image.Image, "thumbnail", decoded)
    look = make_thumbnail(photo, thumbnail)
    assert look.error is not None
    assert "decoded" not in look.error
    assert not thumbnail.exists()


def test_a_large_photo_of_a_real_camera_is_shown_without_a_warning(tmp_path: Path, thumbnail: Path) -> None:
    # 102 million pixels, more than Pillow takes for harmless.
    Image.new("L", (11_648, 8_736)).save(tmp_path / "a.jpg")
    assert make_thumbnail(tmp_path / "a.jpg", thumbnail) == Look(width=11_648, height=8_736)


@given(st.binary(max_size=300), st.integers(0, 600), st.integers(0, 600))
def test_no_damage_does_more_than_make_a_photo_unreadable(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int, length: int
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    whole = draw(folder / "a.jpg", taken_at=datetime(2026, 1, 19)).read_bytes()
    (folder / "a.jpg").write_bytes(whole[:start] + noise + whole[start + length :])
    look = make_thumbnail(folder / "a.jpg", folder / "thumbnail.jpg")
    assert (look.error is None) == (folder / "thumbnail.jpg").exists()
    assert (look.error is None) == (look.width > 0)


def test_a_photo_is_not_read_through_a_link(tmp_path: Path, thumbnail: Path) -> None:
    draw(tmp_path / "a.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    assert make_thumbnail(tmp_path / "link.jpg", thumbnail).error


def test_the_sorts_that_are_known_are_the_ones_that_browsers_show() -> None:
    Image.init()
    assert set(thumbnails._OTHERS) <= set(Image.OPEN)
