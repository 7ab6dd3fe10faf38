"""Read a photo's capture time from its EXIF or XMP metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from PIL import Image

_EXIF_IFD: Final = 0x8769
_EXIF_TAGS: Final = (
    (0x9003, 0x9011, 0x9291),  # DateTimeOriginal, OffsetTimeOriginal, SubSecTimeOriginal
    (0x9004, 0x9012, 0x9292),  # CreateDate (DateTimeDigitized) with its offset and fraction
    (0x0132, 0x9010, 0x9290),  # DateTime with its offset and fraction
)
_TIFF_XMP_TAG: Final = 700
_XMP_NAMES: Final = (
    "exif:DateTimeOriginal",
    "photoshop:DateCreated",
    "xmp:CreateDate",
    "exif:DateTimeDigitized",
    "xmp:ModifyDate",
)
_XMP_BYTES: Final = 256 * 1024
_XMP_VALUES: Final = {
    name: re.compile(rf"\b{name}\s{{0,9}}(?:=\s{{0,9}}[\"']|>)([^\"'<]{{1,60}})") for name in _XMP_NAMES
}
_MOMENT: Final = re.compile(
    r"(?P<year>[0-9]{4})[:/.-](?P<month>[0-9]{1,2})[:/.-](?P<day>[0-9]{1,2})"
    r"(?:T|\s)\s{0,3}(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?\s?(?P<offset>Z|[+-].{1,6})?",
    re.ASCII,
)
_OFFSET: Final = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?", re.ASCII)
_LARGEST_OFFSET: Final = timedelta(hours=15)
_FIRST_YEAR: Final = 1826
"""The year of the oldest photograph."""
_UNSET_CLOCKS: Final = (datetime(1904, 1, 1), datetime(1970, 1, 1))
"""The epochs of QuickTime and Unix. A camera whose clock is not set writes these."""


def read_capture_time(picture: Image.Image) -> datetime | None:
    """Return when a photo was taken.

    Read EXIF DateTimeOriginal, CreateDate and DateTime, then XMP, and return the first valid time.

    Args:
        picture: an open image. A PNG may be decoded for this: check its size first.

    Returns:
        The camera's local time, aware if the photo has a UTC offset, else naive. None without a valid time.
    """
    for text, offset, fraction in (*_exif_times(picture), *_xmp_times(picture)):
        moment = parse_capture_time(text, offset, fraction)
        if moment is not None:
            return moment
    return None


def parse_capture_time(text: str, offset: str = "", fraction: str = "") -> datetime | None:
    """Parse a time as cameras and editors write it.

    Args:
        text: the time, such as ``2026:01:19 06:30:00`` or ``2026-01-19T06:30:00.25+05:30``.
        offset: the UTC offset, such as ``+05:30`` or ``Z``, if `text` has none.
        fraction: the digits after the second, if `text` has none.

    Returns:
        The time, aware if there is a UTC offset; None if the text is empty, all zeros or not a time.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    parts = [int(match[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")]
    try:
        moment = datetime(*parts)  # type: ignore[arg-type]
    except ValueError:
        return None
    if moment.year < _FIRST_YEAR or moment in _UNSET_CLOCKS:
        return None
    microsecond = _microsecond(match["fraction"] or fraction)
    return moment.replace(microsecond=microsecond, tzinfo=_zone(match["offset"] or offset))


def _exif_times(picture: Image.Image) -> Iterator[tuple[str, str, str]]:
    # Pillow raises many kinds of errors on damaged metadata.
    with suppress(Exception):
        exif = picture.getexif()
        tags: dict[int, object] = dict(exif)
        with suppress(Exception):
            tags |= exif.get_ifd(_EXIF_IFD)
        for moment, offset, fraction in _EXIF_TAGS:
            yield _text(tags.get(moment)), _text(tags.get(offset)), _text(tags.get(fraction))


def _xmp_times(picture: Image.Image) -> Iterator[tuple[str, str, str]]:
    packet = _xmp_packet(picture)
    for pattern in _XMP_VALUES.values():
        for match in pattern.finditer(packet):
            yield match[1].strip(), "", ""


def _xmp_packet(picture: Image.Image) -> str:
    packet: object = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    if not packet:
        with suppress(Exception):
            packet = picture.getexif().get(_TIFF_XMP_TAG)
    if isinstance(packet, str):
        return packet[:_XMP_BYTES]
    # Without its zero bytes, UTF-16 text is readable as ASCII.
    return packet[:_XMP_BYTES].replace(b"\0", b"").decode("latin-1") if isinstance(packet, bytes) else ""


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.partition("\0")[0].strip() if isinstance(value, str) else ""


def _microsecond(digits: str) -> int:
    # Keep the fraction: photos of one burst differ only in it.
    return int(digits[:6].ljust(6, "0")) if digits.isascii() and digits.isdecimal() else 0


def _zone(text: str) -> timezone | None:
    if text == "Z":
        return UTC
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    size = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return None if size >= _LARGEST_OFFSET else timezone(-size if match["sign"] == "-" else size)
