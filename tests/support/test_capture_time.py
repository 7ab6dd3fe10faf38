from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from ninepic_async._support.capture_time import parse_capture_time, read_capture_time

EXIF_IFD = 0x8769
MAKE = 0x010F
ORIGINAL, DIGITIZED, MODIFIED = 0x9003, 0x9004, 0x0132
OFFSET_ORIGINAL, OFFSET_DIGITIZED, OFFSET_MODIFIED = 0x9011, 0x9012, 0x9010
SUBSECOND_ORIGINAL = 0x9291
EARLY = datetime(2026, 1, 19, 6, 30)
INDIA = timezone(timedelta(hours=5, minutes=30))


def reopened(
    tags: Mapping[int, str | bytes] | None = None, form: str = "JPEG", **options: object
) -> Image.Image:
    exif = Image.Exif()
    exif[MAKE] = "Camera"  # Pillow writes no EXIF that has an empty first directory
    for tag, value in (tags or {}).items():
        (exif if tag == MODIFIED else exif.get_ifd(EXIF_IFD))[tag] = value
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, form, exif=exif, **options)
    return Image.open(out)


@pytest.mark.parametrize(
    ("form", "tag"),
    [("JPEG", ORIGINAL), ("PNG", ORIGINAL), ("WEBP", ORIGINAL), ("AVIF", ORIGINAL), ("TIFF", MODIFIED)],
)
def test_exif_is_read_from_every_format(form: str, tag: int) -> None:
    assert read_capture_time(reopened({tag: "2026:01:19 06:30:00"}, form)) == EARLY


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({ORIGINAL: "2026:01:19 06:30:00", DIGITIZED: "2026:02:01 00:00:01"}, EARLY),
        ({ORIGINAL: "", DIGITIZED: "2026:01:19 06:30:00", MODIFIED: "2026:02:01 00:00:01"}, EARLY),
        ({ORIGINAL: "0000:00:00 00:00:00", MODIFIED: "2026:01:19 06:30:00"}, EARLY),
        ({ORIGINAL: "    :  :     :  :  ", DIGITIZED: "2026:01:19 06:30:00"}, EARLY),
        ({MODIFIED: "2026:01:19 06:30:00"}, EARLY),
        ({MODIFIED: "0000:00:00 00:00:00"}, None),
        ({}, None),
    ],
)
def test_the_first_tag_that_holds_a_time_counts(tags: dict[int, str], expected: datetime | None) -> None:
    assert read_capture_time(reopened(tags)) == expected


@pytest.mark.parametrize(
    ("moment", "offset"),
    [(ORIGINAL, OFFSET_ORIGINAL), (DIGITIZED, OFFSET_DIGITIZED), (MODIFIED, OFFSET_MODIFIED)],
)
def test_each_tag_goes_with_its_own_offset(moment: int, offset: int) -> None:
    tags = {OFFSET_ORIGINAL: "-01:00", OFFSET_DIGITIZED: "-02:00", OFFSET_MODIFIED: "-03:00"}
    found = read_capture_time(reopened(tags | {moment: "2026:01:19 06:30:00", offset: "+05:30"}))
    assert found is not None
    assert found.utcoffset() == timedelta(hours=5, minutes=30)
    assert found.replace(tzinfo=None) == EARLY


def test_a_burst_differs_in_the_fraction() -> None:
    found = read_capture_time(reopened({ORIGINAL: "2026:01:19 06:30:00", SUBSECOND_ORIGINAL: "25"}))
    assert found == EARLY.replace(microsecond=250_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026:01:19 06:30:00", EARLY),
        ("2026-01-19 06:30:00", EARLY),
        ("2026/01/19 06:30:00", EARLY),
        ("2026.01.19 06:30:00", EARLY),
        ("2026-01-19T06:30:00", EARLY),
        ("2026-01-19T06:30", EARLY),
        ("2026:1:19  6:30:00", EARLY),
        ("2026-01-19T06:30:00.25", EARLY.replace(microsecond=250_000)),
        ("2026:01:19 06:30:00Z", EARLY.replace(tzinfo=UTC)),
        ("2026-01-19T06:30:00+05:30", EARLY.replace(tzinfo=INDIA)),
        ("2026-01-19T06:30:00+0530", EARLY.replace(tzinfo=INDIA)),
        ("2026-01-19 06:30:00 -08", EARLY.replace(tzinfo=timezone(-timedelta(hours=8)))),
        ("2026-01-19T06:30:00+99:00", EARLY),
        ("2026-01-19T06:30:00+junk", EARLY),
    ],
)
def test_every_common_way_to_write_a_time_is_read(text: str, expected: datetime) -> None:
    found = parse_capture_time(text)
    assert found == expected
    assert found is not None
    assert found.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "    :  :     :  :  ",
        "0000:00:00 00:00:00",
        "0000-00-00T00:00:00",
        "0001:01:01 00:00:00",
        "1970:01:01 00:00:00",
        "1904:01:01 00:00:00",
        "2026-01-19",
        "2026:13:45 25:00:00",
        "2026:02:30 10:00:00",
        "yesterday",
        "２０２６:01:19 09:00:00",
        "2026:01:19 06:30:00 or so",
    ],
)
def test_blank_zero_and_broken_dates_are_no_time(text: str) -> None:
    assert parse_capture_time(text) is None


def xmp(body: str) -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{body}</rdf:RDF></x:xmpmeta>'.encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<rdf:Description exif:DateTimeOriginal="2026-01-19T06:30:00+05:30"/>', EARLY.replace(tzinfo=INDIA)),
        ("<exif:DateTimeOriginal>2026-01-19T06:30:00</exif:DateTimeOriginal>", EARLY),
        ("<rdf:Description xmp:CreateDate = '2026-01-19T06:30:00'/>", EARLY),
        ('<rdf:Description photoshop:DateCreated="2026-01-19T06:30:00"/>', EARLY),
        ('<rdf:D xmp:CreateDate="2026-02-01T00:00:00" exif:DateTimeOriginal="2026-01-19T06:30"/>', EARLY),
        ('<rdf:Description xmp:MetadataDate="2026-01-19T06:30:00"/>', None),
        ('<rdf:Description exif:DateTimeOriginal="">', None),
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF", "PNG", "TIFF"])
def test_xmp_is_read_where_exif_has_no_time(form: str, body: str, expected: datetime | None) -> None:
    options: dict[str, object] = {"xmp": xmp(body)}
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp(body).decode())
        options = {"pnginfo": text}
    if form == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[700] = xmp(body)
        options = {"tiffinfo": tags}
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, form, **options)
    found = read_capture_time(Image.open(out))
    assert found == expected


def test_exif_goes_before_xmp() -> None:
    body = xmp('<rdf:Description exif:DateTimeOriginal="2020-01-01T00:00:01"/>')
    assert read_capture_time(reopened({MODIFIED: "2026:01:19 06:30:00"}, xmp=body)) == EARLY


def test_xmp_in_utf_16_is_read() -> None:
    body = xmp('<rdf:Description exif:DateTimeOriginal="2026-01-19T06:30:00"/>').decode().encode("utf-16")
    assert read_capture_time(reopened(xmp=body)) == EARLY


@given(st.binary(max_size=400))
def test_damaged_metadata_is_no_error(noise: bytes) -> None:
    picture = Image.new("RGB", (8, 8))
    picture.info |= {"exif": b"Exif\0\0" + noise, "xmp": noise}
    found = read_capture_time(picture)
    assert found is None or found.year >= 1826


@given(st.text(max_size=60), st.text(max_size=8), st.text(max_size=8))
def test_no_text_breaks_the_parser(text: str, offset: str, fraction: str) -> None:
    for each in (text, f"2026:01:19 06:30:00{text}"):
        found = parse_capture_time(each, offset, fraction)
        assert found is None or found.astimezone(UTC) is not None
