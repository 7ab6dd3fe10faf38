"""Folders with links, pipes and files that are not ours: none is written through, none deleted."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from ninepic_async import GalleryError
from ninepic_async.gallery import GalleryProgress, write_gallery

from .pictures import draw, draw_many

NINE = datetime(2026, 1, 19, 9, 0, 0)


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_hidden_unfinished_and_linked_files_are_left_out(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "photos"
    outside.mkdir()
    folder.mkdir()
    secret = draw(outside / "secret.jpg")
    draw(folder / "shown.jpg")
    draw(folder / ".masked.jpg")
    draw(folder / "begun.jpg.part")
    (folder / ".ninepic-journal.jsonl").write_text("{}\n")
    (folder / "link.jpg").symlink_to(secret)
    (folder / "dangling.mp4").symlink_to("nowhere")
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    report = write_gallery(folder)
    assert (report.photos, report.clips, report.failed) == (1, 0, ())
    text = report.index.read_text()
    for name in ("secret", "masked", "begun", "journal", "link", "dangling", "pipe"):
        assert name not in text.partition("<main")[2].partition("<dialog")[0]


@pytest.mark.parametrize("hard", [False, True])
def test_unfinished_files_are_never_written_through_a_link(tmp_path: Path, hard: bool) -> None:
    draw(tmp_path / "a.jpg")
    report = write_gallery(tmp_path)
    thumbnail = next((tmp_path / ".ninepic-gallery").glob("*.jpg"))
    thumbnail.unlink()
    own = tmp_path / "own.txt"
    own.write_text("precious")
    for unfinished in (thumbnail, report.index):
        place = unfinished.with_name(unfinished.name + ".part")
        place.hardlink_to(own) if hard else place.symlink_to(own)
    assert write_gallery(tmp_path).done == 1
    assert own.read_text() == "precious"
    assert not report.index.is_symlink()
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.parametrize("name", [".ninepic-gallery", ".ninepic-gallery/seen.jsonl"])
def test_the_hidden_folder_is_never_written_through_a_link(tmp_path: Path, name: str) -> None:
    folder, outside = tmp_path / "photos", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    draw(folder / "a.jpg")
    link = folder / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside if name == ".ninepic-gallery" else outside / "seen.jsonl")
    with pytest.raises(GalleryError):
        write_gallery(folder)
    assert list(outside.iterdir()) == []


def test_a_hidden_folder_that_becomes_a_link_under_way_harms_nothing(tmp_path: Path) -> None:
    folder, outside = tmp_path / "photos", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    for name in ("precious.txt", "seen.jsonl", "0123456789abcdef01234567.jpg"):
        (outside / name).write_text("precious")
    draw_many(folder, 12)
    hidden = folder / ".ninepic-gallery"

    def swap(progress: GalleryProgress) -> None:
        if progress.done == 3:
            hidden.rename(folder / ".moved")
            hidden.symlink_to(outside)

    write_gallery(folder, on_progress=swap)
    assert {path.name: path.read_text() for path in outside.iterdir()} == dict.fromkeys(
        ("precious.txt", "seen.jsonl", "0123456789abcdef01234567.jpg"), "precious"
    )
    assert len(list((folder / ".moved").glob("*.jpg"))) == 12


def test_only_thumbnails_are_removed_from_the_hidden_folder(tmp_path: Path) -> None:
    photo, _ = draw_many(tmp_path, 2)
    write_gallery(tmp_path)
    hidden = tmp_path / ".ninepic-gallery"
    others = {
        "notes.txt",
        "photo.jpg",
        "0123.jpg",
        "ZZZZ56789abcdef012345678.jpg",
        "abcdefabcdefabcdefabcdef.png",
    }
    for name in others:
        (hidden / name).write_text("somebody's")
    (hidden / "abcdefabcdefabcdefabcdef.jpg").symlink_to(tmp_path)
    (hidden / "0123456789abcdef01234567.jpg.part").write_text("left from a run that was killed")
    photo.unlink()
    write_gallery(tmp_path)
    left = {path.name for path in hidden.iterdir()}
    assert others < left
    assert "0123456789abcdef01234567.jpg.part" not in left
    assert len(left) == len(others) + 3  # a thumbnail, the list, the link


@pytest.mark.parametrize("name", ["index.html", ".ninepic-gallery/seen.jsonl", ".ninepic-notes.jsonl"])
def test_a_fifo_never_hangs_a_run(tmp_path: Path, name: str) -> None:
    draw(tmp_path / "a.jpg")
    (tmp_path / ".ninepic-gallery").mkdir()
    os.mkfifo(tmp_path / name)
    try:
        assert write_gallery(tmp_path).photos == 1
    except GalleryError as error:
        assert name.rpartition("/")[2] in str(error)  # noqa: PT017


def test_a_list_with_a_second_name_is_not_written_to(tmp_path: Path) -> None:
    folder, own = tmp_path / "photos", tmp_path / "own.txt"
    (folder / ".ninepic-gallery").mkdir(parents=True)
    own.write_text("precious")
    (folder / ".ninepic-gallery" / "seen.jsonl").hardlink_to(own)
    draw(folder / "a.jpg")
    with pytest.raises(GalleryError, match="hard link"):
        write_gallery(folder)
    assert own.read_text() == "precious"


def test_a_page_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    folder, own = tmp_path / "photos", tmp_path / "own.html"
    folder.mkdir()
    own.write_text('<meta name="generator" content="ninepic_async.gallery">')
    (folder / "index.html").symlink_to(own)
    draw(folder / "a.jpg")
    with pytest.raises(GalleryError, match="Move it away"):
        write_gallery(folder)
    assert own.stat().st_size == len('<meta name="generator" content="ninepic_async.gallery">')
