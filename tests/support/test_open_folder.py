from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ninepic_async._support import open_folder
from ninepic_async._support.open_folder import OpenFolder

WRITE = os.O_RDWR | os.O_CREAT | os.O_APPEND


@pytest.fixture(params=["handles", "paths"])
def folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenFolder]:
    """An open folder, also as on a system without directory handles."""
    monkeypatch.setattr(open_folder, "HAS_DIR_FD", request.param == "handles")
    with OpenFolder.open(tmp_path) as opened:
        yield opened


def test_a_file_is_written_when_it_is_complete(folder: OpenFolder, tmp_path: Path) -> None:
    with folder.replacing("a.txt") as file:
        file.write(b"new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_bytes() == b"new"
    with folder.reading("a.txt") as read:
        assert read.read() == b"new"
    assert os.listdir(tmp_path) == ["a.txt"]


def interrupt_after(_: int) -> None:
    raise KeyboardInterrupt


def test_a_file_keeps_its_content_if_writing_fails(folder: OpenFolder, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt), folder.replacing("a.txt") as file:
        interrupt_after(file.write(b"half"))
    assert (tmp_path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("kind", ["symlink", "hard link", "fifo"])
def test_nothing_is_written_through_what_is_in_the_way(folder: OpenFolder, tmp_path: Path, kind: str) -> None:
    own = tmp_path / "own.txt"
    own.write_text("precious")
    for name in ("a.txt", "a.txt.part"):
        place(tmp_path / name, own, kind)
    with folder.replacing("a.txt") as file:
        file.write(b"new")
    assert own.read_text() == "precious"
    assert stat.S_ISREG(os.lstat(tmp_path / "a.txt").st_mode)
    assert (tmp_path / "a.txt").read_text() == "new"


def place(path: Path, target: Path, kind: str) -> None:
    match kind:
        case "symlink":
            path.symlink_to(target)
        case "hard link":
            path.hardlink_to(target)
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case _:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))


@pytest.mark.parametrize("kind", ["symlink", "fifo", "folder", "socket"])
@pytest.mark.parametrize("flags", [os.O_RDONLY, WRITE], ids=["read", "append"])
def test_only_regular_files_are_opened(
    folder: OpenFolder, tmp_path: Path, kind: str, flags: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    own = tmp_path / "own.txt"
    own.write_text("precious")
    place(Path("a.txt"), own, kind)
    with pytest.raises(OSError):  # noqa: PT011 (which one depends on the kind)
        os.close(folder.open_file("a.txt", flags))
    assert folder.size("a.txt") is None


def test_a_file_with_a_second_name_is_read_but_not_written_to(folder: OpenFolder, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("precious")
    (tmp_path / "a.txt").hardlink_to(tmp_path / "own.txt")
    with folder.reading("a.txt") as file:
        assert file.read() == b"precious"
    with pytest.raises(OSError, match="hard link"):
        folder.open_file("a.txt", WRITE)


@pytest.mark.parametrize("kind", ["symlink", "fifo", "file"])
def test_a_subfolder_is_a_folder(folder: OpenFolder, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inside = tmp_path / "inside"
    inside.write_text("") if kind == "file" else place(inside, outside, kind)
    with pytest.raises(OSError):  # noqa: PT011
        folder.subfolder("inside")


def test_a_subfolder_is_made_once(folder: OpenFolder, tmp_path: Path) -> None:
    for _ in range(2):
        with folder.subfolder("inside") as inside, inside.replacing("a") as file:
            file.write(b"x")
    assert {entry.name for entry in folder.entries()} == {"inside"}
    assert (tmp_path / "inside" / "a").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("windows", "failures", "pauses"), [(True, 3, 3), (True, 99, 5), (False, 1, 0), (False, 0, 0)]
)
def test_replacing_an_open_file_is_tried_again_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: bool, failures: int, pauses: int
) -> None:
    slept: list[float] = []
    left = [failures]
    real = os.replace

    def replace(*arguments: Any, **options: Any) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise PermissionError(13, "in use")
        real(*arguments, **options)

    with OpenFolder.open(tmp_path) as folder:
        monkeypatch.setattr(os, "replace", replace)
        monkeypatch.setattr("time.sleep", slept.append)
        monkeypatch.setattr(open_folder, "IS_WINDOWS", windows)
        with suppress(PermissionError), folder.replacing("a") as file:
            file.write(b"x")
        written = (tmp_path / "a").exists()
    assert written == (failures <= pauses)
    assert len(slept) == pauses
    assert sum(slept) < 5


def test_an_open_folder_stays_the_same_when_its_path_becomes_a_link(tmp_path: Path) -> None:
    real, other = tmp_path / "real", tmp_path / "other"
    real.mkdir()
    other.mkdir()
    (other / "a").write_text("precious")
    with OpenFolder.open(real) as folder:
        real.rename(tmp_path / "moved")
        real.symlink_to(other)
        folder.remove("a")
        with folder.replacing("b") as file:
            file.write(b"x")
        assert [entry.name for entry in folder.entries()] == ["b"]
    assert (other / "a").read_text() == "precious"
    assert os.listdir(tmp_path / "moved") == ["b"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        OpenFolder.open(tmp_path / "nowhere")
