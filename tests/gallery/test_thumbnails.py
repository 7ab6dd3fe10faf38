from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ninepic_async.gallery.decode import EDGE
from ninepic_async.gallery.thumbnails import PhotoInfo

from .pictures import DATE_TIME_ORIGINAL, ORIENTATION, SUB_IFD, draw, make_thumbnail


@pytest.fixture
def thumbnail(tmp_path: Path) -> Path:
    return tmp_path / "thumbnail.jpg"


def bright(picture: Image.Image, x: float, y: float) -> bool:
    left, top = int(x * picture.width), int(y * picture.height)
    return picture.convert("L").crop((left, top, left + 1, top + 1)).tobytes()[0] > 200


@pytest.mark.parametrize(
    ("size", "small"), [((3000, 2000), (EDGE, 320)), ((2000, 3000), (320, EDGE)), ((100, 50), (100, 50))]
)
def test_a_thumbnail_is_never_larger_than_its_photo(
    tmp_path: Path, thumbnail: Path, size: tuple[int, int], small: tuple[int, int]
) -> None:
    info = make_thumbnail(draw(tmp_path / "a.jpg", size), thumbnail)
    assert info == PhotoInfo(width=size[0], height=size[1])
    with Image.open(thumbnail) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", small)
        assert bright(picture, 0.25, 0.25)
        assert not bright(picture, 0.75, 0.75)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


# Where the white corner is shown, for each EXIF orientation.
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
def test_a_thumbnail_is_upright(tmp_path: Path, thumbnail: Path, orientation: int) -> None:
    photo = draw(tmp_path / "a.jpg", (900, 600), orientation=orientation)
    info = make_thumbnail(photo, thumbnail)
    assert (info.width, info.height) == ((600, 900) if orientation >= 5 else (900, 600))
    with Image.open(thumbnail) as picture:
        assert (picture.width > picture.height) == (info.width > info.height)
        seen = [corner for corner in dict.fromkeys(CORNERS.values()) if bright(picture, *corner)]
        assert seen == [CORNERS[orientation]]
        assert ORIENTATION not in picture.getexif()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16", "I", "F", "PA", "RGB"])
@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "JPEG", "AVIF", "TIFF", "BMP"])
def test_every_format_and_mode_becomes_an_rgb_jpeg(
    tmp_path: Path, thumbnail: Path, form: str, mode: str
) -> None:
    photo = tmp_path / "a.any"
    try:
        Image.new(mode, (640, 480)).save(photo, form)
    except (OSError, ValueError, KeyError):
        return  # this format has no such pictures
    assert make_thumbnail(photo, thumbnail).error is None
    with Image.open(thumbnail) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")


def test_transparency_becomes_white(tmp_path: Path, thumbnail: Path) -> None:
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(tmp_path / "a.png")
    make_thumbnail(tmp_path / "a.png", thumbnail)
    with Image.open(thumbnail) as picture:
        assert bright(picture, 0.5, 0.5)


def test_a_thumbnail_has_no_metadata(tmp_path: Path, thumbnail: Path) -> None:
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
def test_an_invalid_time_is_ignored(tmp_path: Path, thumbnail: Path, text: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(SUB_IFD)[DATE_TIME_ORIGINAL] = text.encode()
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)
    info = make_thumbnail(tmp_path / "a.jpg", thumbnail)
    assert info == PhotoInfo(width=30, height=20)


def test_a_large_photo_of_a_real_camera_is_shown_without_a_warning(tmp_path: Path, thumbnail: Path) -> None:
    # 102 million pixels, more than Pillow takes for harmless.
    Image.new("L", (11_648, 8_736)).save(tmp_path / "a.jpg")
    assert make_thumbnail(tmp_path / "a.jpg", thumbnail) == PhotoInfo(width=11_648, height=8_736)


@given(st.binary(max_size=300), st.integers(0, 600), st.integers(0, 600))
def test_damage_makes_a_photo_unreadable_at_worst(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int, length: int
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    whole = draw(folder / "a.jpg", taken_at=datetime(2026, 1, 19)).read_bytes()
    (folder / "a.jpg").write_bytes(whole[:start] + noise + whole[start + length :])
    info = make_thumbnail(folder / "a.jpg", folder / "thumbnail.jpg")
    assert (info.error is None) == (folder / "thumbnail.jpg").exists()
    assert (info.error is None) == (info.width > 0)


def test_a_photo_is_not_read_through_a_link(tmp_path: Path, thumbnail: Path) -> None:
    draw(tmp_path / "a.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    assert make_thumbnail(tmp_path / "link.jpg", thumbnail).error
