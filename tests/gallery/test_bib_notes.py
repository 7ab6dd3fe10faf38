from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import GalleryError, ImageItem, InvalidInputError, NinePic, PresignedUrlItem
from ninepic_async.gallery import note_bib, write_gallery
from ninepic_async.gallery.bib_notes import FILE_NAME, bibs_in
from ninepic_async.sandbox import Sandbox

from .pictures import draw
from .reading import read

BIBS = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


async def test_a_download_by_bib_says_so_in_the_gallery(tmp_path: Path) -> None:
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


def test_names_ids_and_models_all_tell_which_photo(tmp_path: Path) -> None:
    note_bib(tmp_path / "new", "1", [ImageItem(image_id="a", img_url="u", thumbnail_url="t")])
    note_bib(tmp_path / "new", "2", [PresignedUrlItem(url="u", filename="a.jpg"), "b.jpg", "c"])
    found = bibs_in(tmp_path / "new", ["a.jpg", "b.jpg", "c.png", "d.jpg"])
    assert found == {"a.jpg": ("1", "2"), "b.jpg": ("2",), "c.png": ("2",)}


def test_what_is_noted_twice_is_told_once(tmp_path: Path) -> None:
    for _ in range(2):
        note_bib(tmp_path, " 1234 ", ["a", "a"])
    assert bibs_in(tmp_path, ["a.jpg"]) == {"a.jpg": ("1234",)}


def test_nothing_to_note_leaves_no_file(tmp_path: Path) -> None:
    note_bib(tmp_path, "1234", [])
    assert list(tmp_path.iterdir()) == []
    assert bibs_in(tmp_path, ["a.jpg"]) == {}


def test_a_bib_may_be_a_number_as_in_a_search(tmp_path: Path) -> None:
    note_bib(tmp_path, 1234, ["a"])
    assert bibs_in(tmp_path, ["a"]) == {"a": ("1234",)}


@pytest.mark.parametrize("bib", ["", "  ", "1" * 101, None, True, 12.0])
def test_what_can_be_no_bib_is_refused(tmp_path: Path, bib: str) -> None:
    with pytest.raises(InvalidInputError, match="bib="):
        note_bib(tmp_path, bib, ["a"])


@pytest.mark.parametrize("photos", ["one-id", [5], [{"image_id": "a"}], [None]])
def test_what_can_be_no_photos_is_refused(tmp_path: Path, photos: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="photos"):
        note_bib(tmp_path, "1", photos)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["", None, 7, "a\0b", b"a"])
def test_what_can_be_no_folder_is_refused(folder: str) -> None:
    with pytest.raises(InvalidInputError, match="folder="):
        note_bib(folder, "1", ["a"])


@given(st.lists(BIBS, max_size=5), st.data())
def test_a_torn_last_line_costs_that_line_alone(bibs: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for bib in bibs:
            note_bib(folder, bib, ["a"])
        facts = folder / FILE_NAME
        text = facts.read_bytes() if bibs else b""
        size = data.draw(st.integers(0, len(text)))
        facts.write_bytes(text[:size])
        whole = [bib.strip() for bib, end in zip(bibs, ends(text), strict=True) if end <= size + 1]
        note_bib(folder, "last", ["a"])
        assert bibs_in(folder, ["a.jpg"]) == {"a.jpg": tuple(dict.fromkeys([*whole, "last"]))}


def ends(text: bytes) -> list[int]:
    return [place + 1 for place, byte in enumerate(text) if byte == ord("\n")]


@given(st.binary(max_size=300))
def test_rubbish_is_no_fact(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name, FILE_NAME).write_bytes(text)
        Path(name, ".ninepic-journal.jsonl").write_bytes(text)
        assert bibs_in(Path(name), ["a.jpg"]) == {}


def test_facts_are_neither_read_nor_written_through_a_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "photos", tmp_path / "facts"
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
