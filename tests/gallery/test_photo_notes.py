from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import GalleryError, ImageItem, InvalidInputError, NinePic, PresignedUrlItem
from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.gallery import note_bib, note_found_by, write_gallery
from ninepic_async.gallery.photo_notes import FILE_NAME, PhotoNotes, read_notes
from ninepic_async.sandbox import Sandbox

from .pictures import draw
from .reading import read


def notes_of(folder: Path, name: str) -> PhotoNotes:
    with OpenFolder.open(folder) as opened:
        return read_notes(opened).of(name)


def bibs_in(folder: Path, names: list[str]) -> dict[str, tuple[str, ...]]:
    return {name: bibs for name in names if (bibs := notes_of(folder, name).bibs)}


BIBS = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


async def test_the_gallery_shows_bibs_of_a_download_by_bib(tmp_path: Path) -> None:
    async with (
        Sandbox(photos=60) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        event = client.event(sandbox.event_id)
        bib, other = sandbox.bibs[:2]
        await event.download(event.bib_search(bib), tmp_path, rendition="thumbnail")
        await event.download(event.originals(bib=other), tmp_path)
        note_bib(tmp_path, bib, await event.bib_search(bib).collect())
        note_bib(tmp_path, other, await event.originals(bib=other).collect())
        ids = {name: {photo.image_id async for photo in event.bib_search(name)} for name in (bib, other)}
    page = read(write_gallery(tmp_path).index)
    names = [name.partition("~")[0].removesuffix(".jpg") for name in page.photos]
    expected = [[each for each in (bib, other) if name in ids[each]] for name in names]
    assert [text.split(", ") for text in page.texts("b")] == expected
    assert len(names) > len(ids[bib])


def test_photos_are_given_as_names_ids_or_models(tmp_path: Path) -> None:
    note_bib(tmp_path / "new", "1", [ImageItem(image_id="a", img_url="u", thumbnail_url="t")])
    note_bib(tmp_path / "new", "2", [PresignedUrlItem(url="u", filename="a.jpg"), "b.jpg", "c"])
    found = bibs_in(tmp_path / "new", ["a.jpg", "b.jpg", "c.png", "d.jpg"])
    assert found == {"a.jpg": ("1", "2"), "b.jpg": ("2",), "c.png": ("2",)}


def test_a_bib_noted_twice_shows_once(tmp_path: Path) -> None:
    for _ in range(2):
        note_bib(tmp_path, " 1234 ", ["a", "a"])
    assert bibs_in(tmp_path, ["a.jpg"]) == {"a.jpg": ("1234",)}


def test_no_file_is_written_for_no_photos(tmp_path: Path) -> None:
    note_bib(tmp_path, "1234", [])
    assert list(tmp_path.iterdir()) == []
    assert bibs_in(tmp_path, ["a.jpg"]) == {}


def test_a_bib_may_be_a_number(tmp_path: Path) -> None:
    note_bib(tmp_path, 1234, ["a"])
    assert bibs_in(tmp_path, ["a"]) == {"a": ("1234",)}


@pytest.mark.parametrize("bib", ["", "  ", "1" * 101, None, True, 12.0])
def test_an_invalid_bib_is_refused(tmp_path: Path, bib: str) -> None:
    with pytest.raises(InvalidInputError, match="bib="):
        note_bib(tmp_path, bib, ["a"])


@pytest.mark.parametrize("photos", ["one-id", [5], [{"image_id": "a"}], [None]])
def test_invalid_photos_are_refused(tmp_path: Path, photos: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="photos"):
        note_bib(tmp_path, "1", photos)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["", None, 7, "a\0b", b"a"])
def test_an_invalid_folder_is_refused(folder: str) -> None:
    with pytest.raises(InvalidInputError, match="folder="):
        note_bib(folder, "1", ["a"])


@given(st.lists(BIBS, max_size=5), st.data())
def test_a_torn_last_line_loses_that_line_only(bibs: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for bib in bibs:
            note_bib(folder, bib, ["a"])
        notes = folder / FILE_NAME
        text = notes.read_bytes() if bibs else b""
        size = data.draw(st.integers(0, len(text)))
        notes.write_bytes(text[:size])
        whole = [bib.strip() for bib, end in zip(bibs, ends(text), strict=True) if end <= size + 1]
        note_bib(folder, "last", ["a"])
        assert bibs_in(folder, ["a.jpg"]) == {"a.jpg": tuple(dict.fromkeys([*whole, "last"]))}


def ends(text: bytes) -> list[int]:
    return [place + 1 for place, byte in enumerate(text) if byte == ord("\n")]


@given(st.binary(max_size=300))
def test_arbitrary_bytes_hold_no_notes(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name, FILE_NAME).write_bytes(text)
        Path(name, ".ninepic-journal.jsonl").write_bytes(text)
        assert bibs_in(Path(name), ["a.jpg"]) == {}


def test_notes_are_neither_read_nor_written_through_a_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "photos", tmp_path / "notes"
    folder.mkdir()
    outside.write_text('{"photo": "a", "bib": "1"}\n')
    (folder / FILE_NAME).symlink_to(outside)
    assert bibs_in(folder, ["a.jpg"]) == {}
    with pytest.raises(GalleryError, match="can't write to"):
        note_bib(folder, "2", ["a"])
    assert outside.read_text() == '{"photo": "a", "bib": "1"}\n'


def test_photos_without_a_bib_show_none(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    draw(tmp_path / "b.jpg")
    note_bib(tmp_path, "7", ["b"])
    assert read(write_gallery(tmp_path).index).texts("b") == ["7"]


def test_how_photos_were_found_is_noted(tmp_path: Path) -> None:
    note_found_by(tmp_path, {"a": frozenset({"bib", "selfie"}), "b": frozenset({"selfie"})})
    note_found_by(tmp_path, {"a": ["bib"], "c": {"bib"}, "d": frozenset()})
    found = {name: notes_of(tmp_path, f"{name}.jpg").found_by for name in "abcd"}
    assert found == {"a": ("bib", "selfie"), "b": ("selfie",), "c": ("bib",), "d": ()}


def test_photos_without_a_time_are_in_the_order_of_finding(tmp_path: Path) -> None:
    for name in "abc":
        draw(tmp_path / f"{name}.jpg")
    note_found_by(tmp_path, {"c": {"bib"}, "a": {"selfie"}, "b": {"bib", "selfie"}})
    assert read(write_gallery(tmp_path).index).photos == ["c.jpg", "a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    "found_by", [["a"], {"a": "bib"}, {"a": {"face"}}, {"a": 5}, {"a": [["bib"]]}, {5: {"bib"}}]
)
def test_an_invalid_way_of_finding_is_refused(tmp_path: Path, found_by: dict[str, set[str]]) -> None:
    with pytest.raises(InvalidInputError, match=r"found_by|photos"):
        note_found_by(tmp_path, found_by)
    assert list(tmp_path.iterdir()) == []


def journal(folder: Path, *lines: str) -> None:
    (folder / ".ninepic-journal.jsonl").write_text("".join(f"{line}\n" for line in lines))


def test_the_journal_gives_the_hour_the_place_and_the_event(tmp_path: Path) -> None:
    row = '{"key": "k", "id": "x", "name": "a.jpg", "list": "photos", "place": 7, "hour": "%s"}'
    journal(tmp_path, '{"event_id": 4, "event_name": "City Run"}', row % "2026-01-19T06")
    assert notes_of(tmp_path, "a.jpg") == PhotoNotes(hour=datetime(2026, 1, 19, 6), place=("photos", 7))
    with OpenFolder.open(tmp_path) as folder:
        assert read_notes(folder).event_name == "City Run"
    journal(tmp_path, row % "2026-01-19T06:30:00+05:30")
    assert notes_of(tmp_path, "a.jpg").hour == datetime(2026, 1, 19, 1)


def test_a_journal_of_other_types_says_nothing(tmp_path: Path) -> None:
    journal(
        tmp_path,
        '{"id": "x", "name": "a.jpg", "list": 5, "place": "7", "hour": 6}',
        '{"id": "x", "name": "b.jpg", "list": "photos", "place": true, "hour": "six"}',
        '{"event_id": 4, "event_name": ["x"]}',
        '{"event_id": 4, "event_name": "  "}',
    )
    assert notes_of(tmp_path, "a.jpg") == notes_of(tmp_path, "b.jpg") == PhotoNotes()
    with OpenFolder.open(tmp_path) as folder:
        assert read_notes(folder).event_name is None


def test_a_notes_file_with_a_second_name_is_not_written_to(tmp_path: Path) -> None:
    folder, outside = tmp_path / "photos", tmp_path / "own.txt"
    folder.mkdir()
    outside.write_text("precious")
    (folder / FILE_NAME).hardlink_to(outside)
    with pytest.raises(GalleryError, match="hard link"):
        note_bib(folder, "2", ["a"])
    assert outside.read_text() == "precious"


def test_a_fifo_in_place_of_the_notes_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    assert notes_of(tmp_path, "a.jpg") == PhotoNotes()
    with pytest.raises(GalleryError, match="can't write to"):
        note_bib(tmp_path, "2", ["a"])
