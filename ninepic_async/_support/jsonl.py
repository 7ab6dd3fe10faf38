"""Read and append JSON Lines files that a crash, a full disk or another program may have damaged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, BinaryIO, Final

import orjson

LONGEST_LINE_BYTES: Final = 64 * 1024


def to_line(row: dict[str, Any]) -> bytes:
    """Return an object as one line."""
    return orjson.dumps(row) + b"\n"


def parse_line(line: bytes) -> dict[str, Any] | None:
    """Return the object on a line; None if the line is incomplete or holds anything else."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None


def read_rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield the object on each line, starting at the file's position. Skip lines that hold no object.

    A line of more than ``LONGEST_LINE_BYTES`` is skipped too.
    """
    while line := file.readline(LONGEST_LINE_BYTES):
        if len(line) == LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(file)
        elif (row := parse_line(line)) is not None:
            yield row


def append_rows(descriptor: int, rows: Iterable[dict[str, Any]]) -> list[int]:
    """Append objects, one a line. If the file's last line is incomplete, start a new line first.

    Args:
        descriptor: a file opened with ``O_RDWR | O_APPEND``.
        rows: the objects.

    Returns:
        The offset of each new line in the file, in bytes.

    Raises:
        OSError: writing failed. The part that was written is removed again.
    """
    lines = list(map(to_line, rows))
    if not lines:
        return []
    end = os.fstat(descriptor).st_size
    ends_mid_line = bool(end) and _last_byte(descriptor) != b"\n"
    _append(descriptor, end, b"\n" * ends_mid_line + b"".join(lines))
    return list(accumulate(map(len, lines[:-1]), initial=end + ends_mid_line))


def _append(descriptor: int, end: int, data: bytes) -> None:
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError:
        # Keep rows that another process has appended in the meantime.
        if os.fstat(descriptor).st_size == end + written:
            os.ftruncate(descriptor, end)
        raise


def _skip_line(file: BinaryIO) -> None:
    while (more := file.readline(LONGEST_LINE_BYTES)) and not more.endswith(b"\n"):
        pass


def _last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1)
