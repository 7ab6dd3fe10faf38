"""Count the scans of a JPEG before it is decoded.

If a JPEG has more than one scan, libjpeg keeps the coefficients of the whole picture, and goes through all
of them for each scan. So a small file can use gigabytes of memory and minutes of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from typing import BinaryIO, Final

from attrs import frozen

MOST_SCANS: Final = 100
"""The largest number of scans that is decoded. Optimising encoders write about 20."""

_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_END_OF_IMAGE: Final = 0xD9
_START_OF_SCAN: Final = 0xDA
_WITHOUT_LENGTH: Final = frozenset({0x01, 0xD8})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_BYTES_PER_COEFFICIENT: Final = 2


@frozen
class JpegScans:
    """The scans of a JPEG.

    Attributes:
        count: the number of scans. Counting stops above `MOST_SCANS`.
        coefficient_bytes: the memory in bytes that libjpeg needs in addition to the pixels.
    """

    count: int
    coefficient_bytes: int


@frozen
class _Frame:
    progressive: bool = False
    colours: int = 0
    coefficients: int = 0


def read_jpeg_scans(file: BinaryIO) -> JpegScans:
    """Read the structure of a JPEG in one pass, without decoding it.

    Raises:
        ValueError: the file is empty.
    """
    count, frame, keeps_coefficients = 0, _Frame(), False
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        for marker, content in _segments(data):
            if marker in _FRAMES:
                frame = _frame(marker, content)
            elif marker == _START_OF_SCAN:
                count += 1
                # If the first scan does not have all colours, other scans follow.
                keeps_coefficients = (
                    keeps_coefficients
                    or frame.progressive
                    or count > 1
                    or content[:1] < bytes([frame.colours])
                )
            if count > MOST_SCANS:
                break
    return JpegScans(count, frame.coefficients * _BYTES_PER_COEFFICIENT if keeps_coefficients else 0)


def _segments(data: mmap) -> Iterator[tuple[int, bytes]]:
    """Yield each marker with the content of its segment."""
    position = 0
    while (match := _MARKER.search(data, position)) is not None:
        marker, position = match[1][0], match.end()
        if marker == _END_OF_IMAGE:
            return
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(data[position : position + 2], "big")
        yield marker, data[position + 2 : position + length]
        position += max(length, 2)


def _frame(marker: int, content: bytes) -> _Frame:
    height, width = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
    factors = [(factor >> 4, factor & 15) for factor in content[7::3]]
    if not factors or not all(x and y for x, y in factors):
        return _Frame()
    widest, tallest = max(x for x, _ in factors), max(y for _, y in factors)
    blocks = sum(-(-width * x // (8 * widest)) * -(-height * y // (8 * tallest)) for x, y in factors)
    return _Frame(marker in _PROGRESSIVE, len(factors), blocks * 64)
