from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async._support.jsonl import to_line
from ninepic_async.download.journal import Journal, Row, to_object, to_row
from ninepic_async.download.names import safe_name

TEXT = st.text(max_size=30)
ROWS = st.builds(
    Row,
    key=st.text(alphabet="0123456789abcdef", min_size=1),
    id=TEXT.map(lambda text: text.encode("utf-8", "replace").decode()),
    name=TEXT.map(safe_name),
    state=st.sampled_from(["started", "done", "failed"]),
    bytes=st.none() | st.integers(0, 2**63 - 1),
    validator=st.none() | st.just('"etag"'),
)


def opened(path: Path) -> Journal:
    return Journal(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND))


def read(journal: Journal) -> list[Row | None]:
    found = [(offset, to_row(each)) for offset, each in journal.objects()]
    assert [journal.row_at(offset) for offset, _ in found] == [row for _, row in found]
    return [row for _, row in found]


@given(st.lists(ROWS, max_size=6), st.data())
def test_a_journal_that_is_cut_anywhere_can_be_read_and_appended_to(
    rows: list[Row], data: st.DataObject
) -> None:
    lines = [to_line(to_object(row)) for row in rows]
    text = b"".join(lines)
    size = data.draw(st.integers(0, len(text)))
    whole = [row for n, row in enumerate(rows) if len(b"".join(lines[: n + 1])) <= size]
    more = Row(key="k", id="i", name="n", state="done", bytes=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        path.write_bytes(text[:size])
        journal = opened(path)
        assert read(journal) == whole
        journal.append([more])
        journal.close()
        found = read(opened(path))
    # A line that lacks only its newline is complete again after another line was appended.
    assert found in ([*whole, more], [*rows[: len(whole) + 1], more])


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read_as_a_journal(text: bytes) -> None:
    to_row({"key": text.decode("latin-1")})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        path.write_bytes(text)
        journal = opened(path)
        read(journal)
        journal.close()


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/passwd", "", "a\0", ".ninepic-journal.jsonl"])
def test_an_unsafe_name_in_the_journal_is_ignored(name: str) -> None:
    assert to_row({"key": "k", "id": "i", "name": name, "state": "done", "bytes": 1}) is None


def test_a_row_that_does_not_fit_on_the_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path / "journal")
    row = Row(key="k", id="i", name="n", state="done", bytes=1)
    journal.append([row])
    before, write, calls = (tmp_path / "journal").read_bytes(), os.write, 0

    def full(descriptor: int, text: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, text[:7])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            journal.append([row])
    assert (tmp_path / "journal").read_bytes() == before
    journal.append([row])
    journal.close()
    assert read(opened(tmp_path / "journal")) == [row, row]


def test_it_is_readable_and_keeps_no_signature() -> None:
    row = Row(key="k", id="नमस्ते", name="a.jpg", state="failed", error="no https://h/a?X-Amz-Signature=abc")
    line = to_line(to_object(row)).decode()
    assert "नमस्ते" in line
    assert "abc" not in line
    assert line.count("\n") == 1
