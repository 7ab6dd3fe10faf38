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
    """Return a line's object, or None for a line that is torn or holds anything else."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None


def read_rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield each line's object from the file's position on, and skip lines that can't be read.

    A line of more than ``LONGEST_LINE_BYTES`` is skipped as a whole.
    """
    while line := file.readline(LONGEST_LINE_BYTES):
        if len(line) == LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(file)
        elif (row := parse_line(line)) is not None:
            yield row


def append_rows(descriptor: int, rows: Iterable[dict[str, Any]]) -> list[int]:
    """Append objects, on a line of their own even if the file ends in the middle of a line.

    Args:
        descriptor: a file opened with ``O_RDWR | O_APPEND``.
        rows: the objects.

    Returns:
        Where in the file each line begins.

    Raises:
        OSError: they can't be written. What was written of them is removed again.
    """
    lines = list(map(to_line, rows))
    if not lines:
        return []
    end = os.fstat(descriptor).st_size
    torn = bool(end) and _last_byte(descriptor) != b"\n"
    _append(descriptor, end, b"\n" * torn + b"".join(lines))
    return list(accumulate(map(len, lines[:-1]), initial=end + torn))


def _append(descriptor: int, end: int, data: bytes) -> None:
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError:
        # Rows that another process appended meanwhile stay.
        if os.fstat(descriptor).st_size == end + written:
            os.ftruncate(descriptor, end)
        raise


def _skip_line(file: BinaryIO) -> None:
    while (more := file.readline(LONGEST_LINE_BYTES)) and not more.endswith(b"\n"):
        pass


def _last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1)
