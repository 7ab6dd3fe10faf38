from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from ninepic_async import GalleryError, InvalidInputError
from ninepic_async.gallery import GalleryProgress, UnreadablePhoto, write_gallery

from .pictures import draw, draw_many
from .reading import read

NINE = datetime(2026, 1, 19, 9, 0, 0)


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_the_page_shows_the_folder(tmp_path: Path) -> None:
    draw(tmp_path / "late.jpg", taken_at=NINE.replace(hour=10))
    draw(tmp_path / "early.jpg", (300, 200), taken_at=NINE)
    draw(tmp_path / "unknown.JPEG")
    (tmp_path / "clip-1.mp4").write_bytes(b"....ftypmp42")
    (tmp_path / "notes.txt").write_text("not for the page")
    report = write_gallery(tmp_path, title="City Run")
    assert (report.index, report.photos, report.clips) == (tmp_path / "index.html", 3, 1)
    assert (report.done, report.skipped, report.failed) == (3, 0, ())
    page = read(report.index)
    assert page.photos == ["early.jpg", "late.jpg", "unknown.JPEG"]
    assert page.texts("title") == page.texts("h1") == ["City Run"]
    assert [time.attributes["datetime"] for time in page.all("time")] == [
        "2026-01-19T09:00:00",
        "2026-01-19T10:00:00",
    ]
    assert [(img.attributes["width"], img.attributes["height"]) for img in page.all("img")[:2]] == [
        ("300", "200"),
        ("60", "40"),
    ]
    assert page.all("video")[0].attributes["src"] == "clip-1.mp4"
    assert "notes" not in report.index.read_text()
    for image in page.all("img")[:3]:
        assert (tmp_path / str(image.attributes["src"])).is_file()


def test_photos_of_one_second_are_sorted_by_fraction(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg", taken_at=NINE.replace(microsecond=750_000))
    draw(tmp_path / "b.jpg", taken_at=NINE.replace(microsecond=250_000))
    assert read(write_gallery(tmp_path).index).photos == ["b.jpg", "a.jpg"]


def test_the_default_title_is_the_folders_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "Mumbai & Pune"
    folder.mkdir()
    draw(folder / "a.jpg")
    monkeypatch.chdir(folder)
    assert read(write_gallery(".").index).texts("h1") == ["Mumbai & Pune"]


def test_a_second_run_reads_no_photo_and_changes_nothing(tmp_path: Path) -> None:
    draw_many(tmp_path, 5)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff rubbish")
    first = write_gallery(tmp_path)
    before = everything_in(tmp_path)
    second = write_gallery(tmp_path)
    assert (second.done, second.skipped, second.failed) == (0, 5, first.failed)
    after = everything_in(tmp_path)
    assert {name: content for name, (_, content) in after.items()} == {
        name: content for name, (_, content) in before.items()
    }
    unchanged = {name for name in before if before[name] == after[name]}
    assert set(before) - unchanged == {"index.html"}


def test_a_changed_photo_is_read_again_and_a_removed_one_is_forgotten(tmp_path: Path) -> None:
    changed, gone, _ = draw_many(tmp_path, 3)
    write_gallery(tmp_path)
    draw(changed, (90, 50))
    gone.unlink()
    report = write_gallery(tmp_path)
    assert (report.photos, report.done, report.skipped) == (2, 1, 1)
    assert read(report.index).all("img")[0].attributes["width"] == "90"
    hidden = tmp_path / ".ninepic-gallery"
    assert len(list(hidden.glob("*.jpg"))) == 2
    assert len((hidden / "seen.jsonl").read_bytes().splitlines()) == 2


@pytest.mark.parametrize("damage", ["thumbnail gone", "thumbnail empty", "list torn", "list rubbish"])
def test_a_damaged_hidden_folder_is_repaired(tmp_path: Path, damage: str) -> None:
    draw_many(tmp_path, 2)
    report = write_gallery(tmp_path)
    whole = report.index.read_bytes()
    hidden = tmp_path / ".ninepic-gallery"
    thumbnail, seen = next(hidden.glob("*.jpg")), hidden / "seen.jsonl"
    match damage:
        case "thumbnail gone":
            thumbnail.unlink()
        case "thumbnail empty":
            thumbnail.write_bytes(b"")
        case "list torn":
            seen.write_bytes(seen.read_bytes()[:-7])
        case _:
            seen.write_bytes(b'{"key": 3}\n[]\n\xff\n{"key": "a", "width": "b", "height": 1}\n')
    report = write_gallery(tmp_path)
    assert report.photos == 2
    assert report.done > 0
    assert report.index.read_bytes() == whole
    assert write_gallery(tmp_path).done == 0
    assert all(path.stat().st_size for path in hidden.glob("*.jpg"))


def test_an_interrupted_run_is_resumed(tmp_path: Path) -> None:
    draw_many(tmp_path, 40)
    told: list[GalleryProgress] = []

    def leave(progress: GalleryProgress) -> None:
        told.append(progress)
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_gallery(tmp_path, on_progress=leave)
    assert not (tmp_path / "index.html").exists()
    report = write_gallery(tmp_path)
    assert (report.done, report.skipped) == (37, 3)


def test_progress_counts_up_to_known(tmp_path: Path) -> None:
    draw_many(tmp_path, 6)
    write_gallery(tmp_path)
    for n in range(4):
        draw(tmp_path / f"more-{n}.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    told: list[GalleryProgress] = []
    write_gallery(tmp_path, on_progress=told.append)
    assert told[0] == GalleryProgress(skipped=6, known=11)
    assert told[-1] == GalleryProgress(done=4, skipped=6, failed=1, known=11)
    counts = [progress.done + progress.failed for progress in told]
    assert counts == sorted(counts)


def test_an_error_of_on_progress_is_raised_unchanged(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")

    def leave(_: GalleryProgress) -> None:
        raise BrokenPipeError("nobody reads")

    with pytest.raises(BrokenPipeError):
        write_gallery(tmp_path, on_progress=leave)


def test_files_that_are_no_pictures_are_listed(tmp_path: Path) -> None:
    whole = draw(tmp_path / "whole.jpg", (400, 300)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "page.jpg").write_bytes(b"<html>Forbidden</html>")
    (tmp_path / "empty.png").write_bytes(b"")
    report = write_gallery(tmp_path)
    assert report.photos == 1
    assert {row.name for row in report.failed} == {"cut.jpg", "page.jpg", "empty.png"}
    assert all(isinstance(row, UnreadablePhoto) and row.error for row in report.failed)
    text = report.index.read_text()
    assert "Can’t be shown" in text
    assert read(report.index).photos == ["whole.jpg"]
    for row in report.failed:
        assert row.name in text
        assert str(tmp_path) not in row.error


def test_a_folder_of_broken_files_has_a_page_that_lists_them(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_bytes(b"<html>Forbidden</html>")
    report = write_gallery(tmp_path)
    assert (report.photos, len(report.failed)) == (0, 1)
    assert "0 photos" in report.index.read_text()


def test_photos_of_every_type_are_listed(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    for name in (
        "b.jfif",
        "c.jpe",
        "d.JPG",
        "e.webp",
        "f.tif",
        "g.tiff",
        "h.avif",
        "i.bmp",
        "j.gif",
        "k.png",
    ):
        draw(tmp_path / "a.jpg").rename(tmp_path / name)
    assert write_gallery(tmp_path).photos == 10


def test_a_page_of_somebody_else_is_kept(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    page = tmp_path / "index.html"
    page.write_text("<h1>My own</h1>")
    with pytest.raises(GalleryError, match="move it away"):
        write_gallery(tmp_path)
    assert page.read_text() == "<h1>My own</h1>"
    assert not (tmp_path / ".ninepic-gallery").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [("nowhere", "there is no folder"), ("a file", "there is no folder"), ("empty", "download some")],
)
def test_a_folder_without_photos_is_refused(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "a file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("")
    with pytest.raises(GalleryError, match=says):
        write_gallery(tmp_path / name)
    assert {path.name for path in tmp_path.rglob("*")} == {"a file", "empty", "notes.txt"}


@pytest.mark.parametrize("folder", ["", None, 7, "a\0b", "a\ud800"])
def test_an_invalid_path_is_refused(folder: object) -> None:
    with pytest.raises(InvalidInputError):
        write_gallery(folder)  # type: ignore[arg-type]


def test_an_invalid_title_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="title=5"):
        write_gallery(tmp_path / "nowhere", title=5)  # type: ignore[arg-type]


def test_an_invalid_callback_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="on_progress"):
        write_gallery(tmp_path / "nowhere", on_progress="print")  # type: ignore[arg-type]


def test_an_unreadable_file_is_tried_again(tmp_path: Path) -> None:
    photo = draw(tmp_path / "a.jpg")
    whole, status = photo.read_bytes(), photo.stat()
    photo.write_bytes(bytes(len(whole)))
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(write_gallery(tmp_path).failed) == 1
    photo.write_bytes(whole)
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert write_gallery(tmp_path).done == 1


def test_a_page_that_cant_be_written_is_a_gallery_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_many(tmp_path, 3)
    (tmp_path / "index.html.part").mkdir()  # where the page would be written
    with pytest.raises(GalleryError, match="can't write to"):
        write_gallery(tmp_path)
    assert not (tmp_path / "index.html").exists()
    (tmp_path / "index.html.part").rmdir()
    assert write_gallery(tmp_path).skipped == 3


def test_a_thumbnail_that_cant_be_written_is_a_gallery_error(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    report = write_gallery(tmp_path)
    thumbnail = next((tmp_path / ".ninepic-gallery").glob("*.jpg"))
    thumbnail.unlink()
    blocked = thumbnail.with_name(thumbnail.name + ".part")
    blocked.mkdir()
    with pytest.raises(GalleryError, match="can't write to"):
        write_gallery(tmp_path)
    blocked.rmdir()
    assert write_gallery(tmp_path).photos == report.photos == 1


def test_the_pages_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(tmp_path / "a.jpg")
    monkeypatch.chdir(tmp_path)
    assert write_gallery(".").index.as_uri() == (tmp_path / "index.html").as_uri()
