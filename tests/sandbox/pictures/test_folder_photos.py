"""Photos from a folder of JPEGs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import av
import pytest
from aiohttp import ClientSession
from PIL import Image

from ninepic_async.sandbox import FolderError, ManualClock, Sandbox
from ninepic_async.sandbox.drawn_photos import DrawnPhotos
from ninepic_async.sandbox.pictures.drawn_pictures import DrawnPictures
from ninepic_async.sandbox.pictures.folder_photos import read_folder
from tests.sandbox.raw_client import Api

BIBS = {"p0.jpg": "A/1", "p1.jpg": "A/1", "p2.jpg": "22", "p3.JPEG": "33"}


@pytest.fixture(scope="module")
def drawn() -> list[bytes]:
    pictures = DrawnPictures(DrawnPhotos("folder", 40, 1_768_608_000), "Folder Run")
    return [pictures.photo(place, "original") for place in (0, 8, 16, 24, 39, 32, 38)]


@pytest.fixture
def folder(tmp_path: Path, drawn: list[bytes]) -> Path:
    for place, body in enumerate(drawn[:6]):
        (tmp_path / (f"p{place}.JPEG" if place == 3 else f"p{place}.jpg")).write_bytes(body)
    (tmp_path / "notes.txt").write_text("not a picture")
    lines = [f"{name},{bib}" for name, bib in BIBS.items()]
    (tmp_path / "bibs.csv").write_text("\n".join(["file,bib", *lines, "p2.jpg,44"]), encoding="utf-8-sig")
    return tmp_path


@pytest.fixture
async def api(folder: Path, session: ClientSession) -> AsyncIterator[Api]:
    async with Sandbox(folder=folder, clock=ManualClock()) as sandbox:
        yield Api(sandbox, session)


async def test_files_are_the_photos(api: Api, drawn: list[bytes]) -> None:
    photos = (await api.get("/images")).data["images"]
    assert len(photos) == 6
    ids = [photo["image_id"] for photo in photos]
    links = (await api.post("/original-photos", {"method": "image_ids", "identifier": ids})).data
    got = set()
    for link, photo in zip(links["presigned_urls"], photos, strict=True):
        async with api.session.get(link["url"]) as reply:
            body = await reply.read()
            got.add(body)
            assert Image.open(BytesIO(body)).size == (photo["width"], photo["height"])
    assert got == set(drawn[:6])


async def test_capture_times_come_from_exif(api: Api) -> None:
    model = api.sandbox.event.gallery
    assert model.timed == 5
    times = [model.photo(place).taken_at for place in range(5)]
    assert times == sorted(times)  # type: ignore[type-var]
    days = (await api.get("/timeline/days")).data["days"]
    assert sum(day["total"] for day in days) == 5
    assert days[0]["date"] == "2026-01-17"


async def test_bibs_come_from_the_file_and_others_are_generated(api: Api) -> None:
    model = api.sandbox.event.gallery
    assert set(api.sandbox.bibs) >= {"A/1", "22", "33", "44"}
    assert [len(model.of_bib(bib)) for bib in ("a/1", "22", "44")] == [2, 1, 1]
    assert all(model.bibs_in(place) for place in range(6))
    made_up = set(api.sandbox.bibs) - {"A/1", "22", "33", "44"}
    assert len(model.of_bib(made_up.pop())) == 2


async def test_bibs_file_without_a_header(folder: Path) -> None:
    (folder / "bibs.csv").write_text("p0.jpg, 7 \n\np1.jpg,8\n")
    async with Sandbox(folder=folder) as sandbox:
        assert {"7", "8"} <= set(sandbox.bibs)


async def test_adding_files_keeps_the_ids(folder: Path, drawn: list[bytes]) -> None:
    async with Sandbox(folder=folder) as sandbox:
        before = {sandbox.event.gallery.photo(place).image_id for place in range(6)}
    (folder / "a.jpg").write_bytes(drawn[6])
    async with Sandbox(folder=folder) as sandbox:
        after = {sandbox.event.gallery.photo(place).image_id for place in range(7)}
    assert before < after


async def test_selfies_find_the_photos_of_their_bib(api: Api) -> None:
    model = api.sandbox.event.gallery
    for bib in ("A/1", "33"):
        for take in range(3):
            found = (await api.upload("/faces", api.sandbox.selfie(bib, take))).data["images"]
            assert [photo["image_id"] for photo in found] == [
                model.photo(i).image_id for i in model.of_bib(bib)
            ]


async def test_other_pictures_match_nothing(api: Api, drawn: list[bytes]) -> None:
    for foreign in (drawn[6], api.sandbox.stranger_selfie()):
        assert (await api.upload("/faces", foreign)).data["images"] == []


async def test_clips_show_the_photos_of_the_folder(api: Api) -> None:
    path = "/video-clipping/search-by-selfie"
    request_id = (await api.upload(path, api.sandbox.selfie("A/1"))).data["request_id"]
    api.clock.advance(2)
    clip = (await api.get(f"/video-clipping/{request_id}")).data["clips"][0]
    async with api.session.get(clip["clip_url"]) as reply, api.session.get(clip["thumbnail_url"]) as small:
        assert small.status == 200
        with av.open(BytesIO(await reply.read()), "r") as film:
            assert len(list(film.decode(video=0))) == 30


async def test_rotated_photos_are_served_upright(tmp_path: Path, session: ClientSession) -> None:
    picture = Image.new("RGB", (400, 200), (255, 0, 0))
    picture.paste((0, 0, 255), (200, 0, 400, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    async with Sandbox(folder=tmp_path) as sandbox:
        photo = (await Api(sandbox, session).get("/images")).data["images"][0]
        assert (photo["width"], photo["height"]) == (200, 400)
        async with session.get(photo["thumbnail_url"]) as reply:
            shown = Image.open(BytesIO(await reply.read())).convert("RGB")
    assert shown.height > shown.width
    top, bottom = shown.getpixel((20, 20)), shown.getpixel((20, shown.height - 20))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > bottom[0]


async def test_greyscale_photos(tmp_path: Path, session: ClientSession) -> None:
    Image.linear_gradient("L").save(tmp_path / "grey.jpg")
    async with Sandbox(folder=tmp_path) as sandbox:
        photo = (await Api(sandbox, session).get("/images")).data["images"][0]
        async with session.get(photo["img_url"]) as reply:
            assert reply.status == 200


async def test_bib_in_two_spellings_is_one_bib(folder: Path, session: ClientSession) -> None:
    (folder / "bibs.csv").write_text("p0.jpg,VIP 7\np1.jpg,vip 7\np1.jpg,Vip 7\n")
    async with Sandbox(folder=folder) as sandbox:
        model = sandbox.event.gallery
        data = (await Api(sandbox, session).get("/bibs/vip%207")).data
        assert len({photo["image_id"] for photo in data["images"]}) == data["pagination"]["total"] == 2
        assert {bib for place in range(6) for bib in model.bibs_in(place)} == set(sandbox.bibs)


def photo_taken(when: str, offset: str) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: when, 0x9011: offset})
    return exif


@pytest.mark.parametrize(
    ("when", "offset", "taken_at"),
    [
        ("2026:01:17 06:30:00", "+05:30", 1_768_611_600),
        ("2026:01:17 06:30:00", "   :  ", 1_768_631_400),
        ("0000:00:00 00:00:00", "", None),
        ("0001:01:01 00:00:00", "+05:30", None),
        ("9999:12:31 23:59:59", "-08:00", 253_402_300_799),
    ],
)
async def test_exif_times(
    when: str, offset: str, taken_at: int | None, tmp_path: Path, session: ClientSession
) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "photo.jpg", exif=photo_taken(when, offset))
    async with Sandbox(folder=tmp_path) as sandbox:
        assert sandbox.event.gallery.photo(0).taken_at == taken_at
        assert sandbox.selfie(sandbox.bibs[0])
        days = (await Api(sandbox, session).get("/timeline/days")).data["days"]
        assert sum(day["total"] for day in days) == (taken_at is not None)


async def test_hidden_files_and_folders_are_ignored(tmp_path: Path) -> None:
    """macOS puts a hidden file beside each copied file."""
    (tmp_path / "._photo.jpg").write_bytes(b"\0\5\x16\7")
    (tmp_path / "folder.jpg").mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "photo.jpg")
    assert [photo.path.name for photo in read_folder(tmp_path).files] == ["photo.jpg"]


def test_file_name_that_is_not_utf8(tmp_path: Path) -> None:
    try:
        Image.new("RGB", (40, 30)).save(os.fsencode(tmp_path) + b"/caf\xe9.jpg", "JPEG")
    except OSError:
        pytest.skip("this filesystem takes no such names")
    assert read_folder(tmp_path).total == 1


async def test_invalid_folders(tmp_path: Path, drawn: list[bytes]) -> None:
    with pytest.raises(FolderError, match="no such folder"):
        await Sandbox(folder=tmp_path / "missing").start()
    with pytest.raises(FolderError, match="there are no JPEGs"):
        await Sandbox(folder=tmp_path).start()
    (tmp_path / "text.jpg").write_bytes(b"hello")
    (tmp_path / "cut.jpg").write_bytes(drawn[1][:20_000])
    with pytest.raises(FolderError, match=r"none of the 2 JPEGs .* is readable: .*cut\.jpg"):
        await Sandbox(folder=tmp_path).start()


async def test_bad_files_are_left_out(
    folder: Path, drawn: list[bytes], session: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {"text.jpg": b"hello", "cut.jpg": drawn[1][:20_000], "empty.jpg": b"", "png.jpg": png()}
    for name, body in bad.items():
        (folder / name).write_bytes(body)
    (folder / "bibs.csv").write_text("p0.jpg,7\ncut.jpg,8\n")
    async with Sandbox(folder=folder) as sandbox:
        assert sandbox.event.gallery.total == 6
        assert "8" not in sandbox.bibs
        assert (await Api(sandbox, session).get("/images")).data["pagination"]["total"] == 6
        assert len(sandbox.left_out) == len(bad)
        for line, name in zip(sandbox.left_out, sorted(bad), strict=True):
            assert str(folder / name) in line
            assert "is not a readable JPEG" in line
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [name for name in sorted(bad) if not any(name in line for line in warnings)] == []


def png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    return out.getvalue()


async def test_drawn_photos_leave_nothing_out(sandbox: Sandbox) -> None:
    assert sandbox.left_out == ()


@pytest.mark.parametrize("table", ["file,bib\nother.jpg,7", "good.jpg", "good.jpg,"])
async def test_invalid_bibs_files(tmp_path: Path, drawn: list[bytes], table: str) -> None:
    (tmp_path / "good.jpg").write_bytes(drawn[0])
    (tmp_path / "bibs.csv").write_text(table)
    with pytest.raises(FolderError, match=r"bibs\.csv, line"):
        await Sandbox(folder=tmp_path).start()


def test_folder_is_read_at_start(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="start"):
        Sandbox(folder=folder).bibs  # noqa: B018
