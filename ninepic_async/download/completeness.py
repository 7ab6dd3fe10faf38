"""Check a file's structure to see whether it is complete. Needed when its length is not known."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO, Final

from ninepic_async.download.file_types import HEAD_BYTES, detect

_BLOCK_BYTES: Final = 256 * 1024
_TAIL_BYTES: Final = 64 * 1024
_MOST_PARTS: Final = 100_000
"""The largest number of segments, chunks or boxes that are read. Only a malicious file has more."""
_SCAN_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The end of the compressed data of a JPEG scan: any marker except a restart marker."""
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9
_APP_NAMES: Final = frozenset({b"JFIF", b"Exif", b"http"})
"""The first bytes of the first segment in a JPEG from a camera or a program."""


def is_whole(file: BinaryIO, size: int) -> bool | None:
    """Return whether a photo or video is complete according to its format. Blocks.

    Bytes after the end are allowed: phones append videos and notes to their photos.

    Args:
        file: open for reading, seekable.
        size: its size in bytes.

    Returns:
        Whether the file is complete; None if this can't be seen in a file of its format.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    check = _CHECKS.get(detect(head) or "")
    return None if check is None else check(file, size)


def _jpeg(file: BinaryIO, size: int) -> bool:
    offset, plausible = 2, False
    for _ in range(_MOST_PARTS):
        file.seek(offset)
        marker = file.read(10)
        if len(marker) < 2 or marker[0] != 0xFF:
            # An incomplete file can end with the end marker of the thumbnail in its first segment.
            return not plausible and _ends_with_marker(file, size)
        kind = marker[1]
        if kind == _END_OF_IMAGE:
            return True
        if kind == 0xFF:
            offset += 1
        elif kind in _WITHOUT_LENGTH:
            offset += 2
        elif len(marker) < 4:
            return False
        else:
            offset += 2 + int.from_bytes(marker[2:4])
            plausible = plausible or marker[4:8] in _APP_NAMES
            if kind == _START_OF_SCAN:
                found = _next_marker(file, offset)
                if found is None:
                    return False
                offset = found
    return False


def _ends_with_marker(file: BinaryIO, size: int) -> bool:
    """Check only the last bytes, for a JPEG whose segments can't be followed."""
    file.seek(max(0, size - _TAIL_BYTES))
    return file.read().rstrip(b"\0").endswith(b"\xff\xd9")


def _next_marker(file: BinaryIO, offset: int) -> int | None:
    file.seek(offset)
    while block := file.read(_BLOCK_BYTES):
        found = _SCAN_MARKER.search(block)
        if found is not None:
            return offset + found.start()
        offset += len(block)
        if block.endswith(b"\xff"):
            if len(block) == 1:
                return None
            offset -= 1
            file.seek(offset)
    return None


def _png(file: BinaryIO, size: int) -> bool:
    offset = 8
    for _ in range(_MOST_PARTS):
        file.seek(offset)
        head = file.read(8)
        if len(head) < 8:
            return False
        offset += 12 + int.from_bytes(head[:4])
        if head[4:] == b"IEND":
            return offset <= size
    return False


def _webp(file: BinaryIO, size: int) -> bool:
    file.seek(4)
    return 8 + int.from_bytes(file.read(4), "little") <= size


def _gif(file: BinaryIO, size: int) -> bool:
    file.seek(10)
    offset = 13 + _palette_bytes(file.read(1))
    for _ in range(_MOST_PARTS):
        file.seek(offset)
        head = file.read(10)
        if head[:1] == b"\x3b":
            return True
        if head[:1] == b"\x21":
            offset = _after_blocks(file, offset + 2)
        elif head[:1] == b"\x2c" and len(head) == 10:
            offset = _after_blocks(file, offset + 11 + _palette_bytes(head[9:]))
        else:
            return False
    return False


def _palette_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _after_blocks(file: BinaryIO, offset: int) -> int:
    """Return the offset after a chain of data blocks. Each starts with its length; the last one is empty."""
    for _ in range(_MOST_PARTS):
        file.seek(offset)
        length = file.read(1)
        if length in (b"", b"\0"):
            break
        offset += 1 + length[0]
    return offset + 1


def _boxes(file: BinaryIO, size: int) -> bool | None:
    """Follow the boxes of a HEIC, AVIF, MP4 or QuickTime file to its end."""
    offset, kinds = 0, set[bytes]()
    for _ in range(_MOST_PARTS):
        file.seek(offset)
        head = file.read(16)
        if not head:
            return b"mdat" in kinds and not kinds.isdisjoint({b"moov", b"meta"})
        if len(head) < 8:
            return False
        length = int.from_bytes(head[:4])
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:])
        elif length == 0:  # the box extends to the end of the file
            return None
        if length < 8 or offset + length > size:
            return False
        kinds.add(head[4:8])
        offset += length
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
