from __future__ import annotations

import errno
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async._support import jsonl

ROWS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(0, 9)), max_size=5)


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)


def read(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        return list(jsonl.read_rows(file))


@given(ROWS, ROWS, st.data())
def test_rows_can_be_appended_to_a_file_that_ends_anywhere(
    rows: list[dict[str, Any]], more: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = [jsonl.to_line(row) for row in rows]
    text = b"".join(lines)
    size = data.draw(st.integers(0, len(text)))
    whole = [row for n, row in enumerate(rows) if len(b"".join(lines[: n + 1])) <= size]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows")
        path.write_bytes(text[:size])
        descriptor = opened(path)
        assert read(path) == whole
        jsonl.append_rows(descriptor, more)
        os.close(descriptor)
        # A row that lacked only its line feed is whole once another row follows.
        assert read(path) in ([*whole, *more], [*rows[: len(whole) + 1], *more])


@pytest.mark.parametrize("line", [b"\n", b"[1]\n", b'"text"\n', b"{\n", b'{"a":1}', b"\xff\xfe\n", b"null\n"])
def test_a_line_that_holds_no_object_is_skipped(line: bytes) -> None:
    assert jsonl.parse_line(line) is None
    if line.endswith(b"\n"):
        assert list(jsonl.read_rows(io.BytesIO(line + b'{"b":2}\n'))) == [{"b": 2}]


@pytest.mark.parametrize("length", [65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 300_000])
def test_a_line_that_is_too_long_is_skipped_with_all_its_parts(length: int) -> None:
    # Each part looks like a row: a reader that cuts long lines would take the last one for a row.
    row = b'{"a":1}'
    long = b" " * (length - len(row)) + row + b"\n"
    rows = list(jsonl.read_rows(io.BytesIO(long + b'{"b":2}\n')))

    assert rows == ([{"a": 1}, {"b": 2}] if length < 65_536 else [{"b": 2}])


def test_a_failed_append_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b'{"a":1}\n')
    descriptor = opened(path)
    write, calls = os.write, iter([True, False])

    def full(target: int, data: bytes) -> int:
        if not next(calls):
            raise OSError(errno.ENOSPC, "no space")
        return write(target, data[:3])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space"):
        jsonl.append_rows(descriptor, [{"b": 2}])
    os.close(descriptor)

    assert path.read_bytes() == b'{"a":1}\n'
