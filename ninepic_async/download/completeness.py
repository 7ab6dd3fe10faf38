"""Check by a file's own structure whether it is whole. Needed where no length is known to compare with."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO, Final

from ninepic_async.download.file_types import HEAD_BYTES, detect

_BLOCK_BYTES: Final = 256 * 1024
_TAIL_BYTES: Final = 64 * 1024
_MOST_PARTS: Final = 100_000
"""Segments, chunks or boxes of one file. No real file comes near; a hostile one must end."""
_SCAN_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the compressed data of a JPEG scan: any marker but a restart marker."""
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9
_APP_NAMES: Final = frozenset({b"JFIF", b"Exif", b"http"})
"""How the first segment of a JPEG from a camera or a program begins."""


def is_whole(file: BinaryIO, size: int) -> bool | None:
    """Tell whether a photo or video ends as its format demands. Blocks.

    Bytes after the end are fine: phones append videos and notes to their photos.

    Args:
        file: open for reading, seekable.
        size: its size in bytes.

    Returns:
        None where the format has no end that can be recognized.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    check = _CHECKS.get(detect(head) or "")
    return None if check is None else check(file, size)


def _jpeg(file: BinaryIO, size: int) -> bool:
    place, plausible = 2, False
    for _ in range(_MOST_PARTS):
        file.seek(place)
        marker = file.read(10)
        if len(marker) < 2 or marker[0] != 0xFF:
            # A cut file can end in the end marker of the thumbnail inside its first segment.
            return not plausible and _ends_with_marker(file, size)
        kind = marker[1]
        if kind == _END_OF_IMAGE:
            return True
        if kind == 0xFF:
            place += 1
        elif kind in _WITHOUT_LENGTH:
            place += 2
        elif len(marker) < 4:
            return False
        else:
            place += 2 + int.from_bytes(marker[2:4])
            plausible = plausible or marker[4:8] in _APP_NAMES
            if kind == _START_OF_SCAN:
                found = _next_marker(file, place)
                if found is None:
                    return False
                place = found
    return False


def _ends_with_marker(file: BinaryIO, size: int) -> bool:
    """Check the last bytes alone, for a JPEG whose segments can't be followed."""
    file.seek(max(0, size - _TAIL_BYTES))
    return file.read().rstrip(b"\0").endswith(b"\xff\xd9")


def _next_marker(file: BinaryIO, place: int) -> int | None:
    file.seek(place)
    while block := file.read(_BLOCK_BYTES):
        found = _SCAN_MARKER.search(block)
        if found is not None:
            return place + found.start()
        place += len(block)
        if block.endswith(b"\xff"):
            if len(block) == 1:
                return None
            place -= 1
            file.seek(place)
    return None


def _png(file: BinaryIO, size: int) -> bool:
    place = 8
    for _ in range(_MOST_PARTS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return False
        place += 12 + int.from_bytes(head[:4])
        if head[4:] == b"IEND":
            return place <= size
    return False


def _webp(file: BinaryIO, size: int) -> bool:
    file.seek(4)
    return 8 + int.from_bytes(file.read(4), "little") <= size


def _gif(file: BinaryIO, size: int) -> bool:
    file.seek(10)
    place = 13 + _palette_bytes(file.read(1))
    for _ in range(_MOST_PARTS):
        file.seek(place)
        head = file.read(10)
        if head[:1] == b"\x3b":
            return True
        if head[:1] == b"\x21":
            place = _after_blocks(file, place + 2)
        elif head[:1] == b"\x2c" and len(head) == 10:
            place = _after_blocks(file, place + 11 + _palette_bytes(head[9:]))
        else:
            return False
    return False


def _palette_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _after_blocks(file: BinaryIO, place: int) -> int:
    """Return where a chain of data blocks ends; each begins with its length, and the last is empty."""
    for _ in range(_MOST_PARTS):
        file.seek(place)
        length = file.read(1)
        if length in (b"", b"\0"):
            break
        place += 1 + length[0]
    return place + 1


def _boxes(file: BinaryIO, size: int) -> bool | None:
    """Follow the boxes of a HEIC, AVIF, MP4 or QuickTime file to its end."""
    place, kinds = 0, set[bytes]()
    for _ in range(_MOST_PARTS):
        file.seek(place)
        head = file.read(16)
        if not head:
            return b"mdat" in kinds and not kinds.isdisjoint({b"moov", b"meta"})
        if len(head) < 8:
            return False
        length = int.from_bytes(head[:4])
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:])
        elif length == 0:  # the box goes on to the file's end, wherever that is
            return None
        if length < 8 or place + length > size:
            return False
        kinds.add(head[4:8])
        place += length
    return False


_CHECKS: Final[dict[str, Callable[[BinaryIO, int], bool | None]]] = {
    ".jpg": _jpeg,
    ".png": _png,
    ".webp": _webp,
    ".gif": _gif,
    ".heic": _boxes,
    ".avif": _boxes,
    ".cr3": _boxes,
    ".mp4": _boxes,
    ".mov": _boxes,
}
