"""Files that belong to the folder's owner: edited, deleted, or there before."""

# ruff: noqa: ASYNC240 (tests may block)

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from ninepic_async import Event, PresignedUrlItem

from . import host as bad
from .conftest import Fetch, files
from .host import MIB, Host, answer, jpeg


async def test_a_photo_that_its_owner_edited_is_kept(fetch: Fetch, host: Host, to: Path) -> None:
    gallery = host.gallery(4)
    await fetch(gallery)
    edited, larger = jpeg(1500, "edited"), jpeg(5000, "with a note") + b"\0" * 700
    (to / "p00001.jpg").write_bytes(edited)
    (to / "p00002.jpg").write_bytes(larger)
    (to / "p00003.jpg").write_bytes(host.files["/p00003.jpg"][:1500])
    host.seen.clear()
    report = await fetch(gallery)
    assert (report.done, report.skipped) == (1, 3)
    assert [seen.path for seen in host.seen] == ["/p00003.jpg"]
    assert files(to) == {
        **{f"{item.image_id}.jpg": host.files[f"/{item.image_id}.jpg"] for item in gallery},
        "p00001.jpg": edited,
        "p00002.jpg": larger,
    }
    assert {file.bytes for file in report.files()} == {2000, 1500, 5700}


async def test_a_deleted_photo_is_fetched_again_or_not(event: Event, host: Host, to: Path) -> None:
    gallery = host.gallery(3)
    await event.download(gallery, to)
    (to / "p00001.jpg").unlink()
    report = await event.download(gallery, to, skip_deleted=True)
    assert (report.done, report.skipped, report.failed) == (0, 3, ())
    assert len(host.seen) == 3
    assert {file.id for file in report.files()} == {"p00000", "p00002"}
    report = await event.download(gallery, to)
    assert (report.done, report.skipped) == (1, 2)
    assert len(files(to)) == 3


async def test_skip_deleted_fetches_what_never_came(event: Event, host: Host, to: Path) -> None:
    gallery = host.gallery(3)
    host.scripts["/p00001.jpg"] = [answer(404)]
    assert len((await event.download(gallery, to)).failed) == 1
    assert (await event.download(gallery, to, skip_deleted=True)).done == 1


async def test_a_file_that_was_there_before_keeps_its_name_and_content(
    fetch: Fetch, host: Host, to: Path
) -> None:
    to.mkdir()
    (to / "p00001.jpg").write_bytes(b"my own picture")
    gallery = host.gallery(3)
    assert (await fetch(gallery)).done == 3
    there = files(to)
    assert there.pop("p00001.jpg") == b"my own picture"
    (other,) = set(there) - {"p00000.jpg", "p00002.jpg"}
    assert other.startswith("p00001~")
    assert there[other] == host.files["/p00001.jpg"]
    host.seen.clear()
    assert (await fetch(gallery)).skipped == 3
    assert host.seen == []
    assert set(files(to)) == {"p00000.jpg", "p00001.jpg", "p00002.jpg", other}


async def test_a_file_with_the_same_content_is_taken_over(fetch: Fetch, host: Host, to: Path) -> None:
    to.mkdir()
    gallery = host.gallery(2)
    (to / "p00001.jpg").write_bytes(host.files["/p00001.jpg"])
    assert (await fetch(gallery)).done == 2
    assert set(files(to)) == {"p00000.jpg", "p00001.jpg"}
    assert (await fetch(gallery)).skipped == 2


async def test_names_follow_the_content(fetch: Fetch, host: Host, to: Path) -> None:
    webp = b"RIFF\x10\0\0\0WEBPVP8 " + b"x" * 100
    png = b"\x89PNG\r\n\x1a\n" + b"x" * 100
    gallery = [
        host.add("a", 2000, answer(200, webp)),
        host.add("b", 2000, answer(200, png)),
        host.add("c"),
    ]
    to.mkdir()
    (to / "b.png").write_bytes(b"my own picture")
    assert (await fetch(gallery)).done == 3
    there = files(to)
    (other,) = set(there) - {"a.webp", "b.png", "c.jpg"}
    assert there["a.webp"] == webp
    assert there["b.png"] == b"my own picture"
    assert there[other] == png
    assert other.endswith(".png")
    host.seen.clear()
    report = await fetch(gallery)
    assert (report.skipped, host.seen) == (3, [])
    assert {file.path.name for file in report.files()} == {"a.webp", other, "c.jpg"}


async def test_a_file_type_from_the_service_is_not_trusted(fetch: Fetch, host: Host, to: Path) -> None:
    names = ["a.php", "b.exe", "c.lnk", "d.html", "e.svg", "desktop.ini", "conftest.py", "noextension"]
    page = b"<html><script>alert(1)</script>"
    for name in names:
        host.files[f"/good/{name}"] = jpeg(2000, name)
        host.files[f"/bad/{name}"] = page
    links = [
        PresignedUrlItem(url=f"{host.origin}/{kind}/{name}", filename=f"{kind}-{name}")
        for kind in ("good", "bad")
        for name in names
    ]
    report = await fetch(links)
    assert {Path(row.name).stem for row in report.failed} == {f"bad-{Path(name).stem}" for name in names}
    assert all(name.endswith(".jpg") for name in files(to))
    assert report.done == len(names)


async def test_last_modified_becomes_the_files_time(fetch: Fetch, host: Host, to: Path) -> None:
    headers = {"Last-Modified": "Mon, 19 Jan 2026 06:30:00 GMT"}
    script = [answer(200, jpeg(2000), **headers)]
    await fetch([host.add("a", 2000, *script), host.add("b", 2000, answer(200, jpeg(2000, 1)))])
    assert (to / "a.jpg").stat().st_mtime == 1768804200
    assert (to / "b.jpg").stat().st_mtime > 1768804200


async def test_links_with_a_signature_in_the_path_are_known_again(fetch: Fetch, host: Host, to: Path) -> None:
    photo = "a4402318-0cf4-4e1e-b8e8-ac8e8f2fc244.jpg"
    for signing in range(2):
        paths = [
            f"/s/9f86d081884c7d659a2feaa0c55ad01{signing}/{1768804200 + signing}/a.jpg",
            f"/exp=176880{signing}~acl=*~hmac=9f86d081884c{signing}/b.jpg",
            f"/v{signing}/{photo}",
        ]
        names = ["a.jpg", "b.jpg", photo]
        host.files |= {path: jpeg(2000, name) for path, name in zip(paths, names, strict=True)}
        links = [
            PresignedUrlItem(url=host.origin + path, filename=name)
            for path, name in zip(paths, names, strict=True)
        ]
        report = await fetch(links)
        assert (report.done, report.skipped) == ((3, 0) if not signing else (0, 3))
    assert set(files(to)) == {"a.jpg", "b.jpg", photo}


async def test_photos_that_differ_in_the_query_alone_are_all_fetched(
    fetch: Fetch, host: Host, to: Path
) -> None:
    async def by_query(request: web.Request, _: bytes) -> web.StreamResponse:
        return web.Response(body=jpeg(2000, request.query["id"]), content_type="image/jpeg")

    host.always = by_query
    links = [
        PresignedUrlItem(url=f"{host.origin}/get?id={n}&X-Amz-Signature=s{n}", filename="photo.jpg")
        for n in range(7)
    ]
    assert (await fetch(links)).done == 7
    assert set(files(to).values()) == {jpeg(2000, str(n)) for n in range(7)}
    assert (await fetch(links)).skipped == 7


async def test_a_large_file_that_is_edited_while_a_part_of_it_is_there(
    fetch: Fetch, host: Host, to: Path
) -> None:
    item = host.add("a", 4 * MIB, bad.cut(2 * MIB), answer(404))
    assert not (await fetch([item])).complete
    (to / "a.jpg").write_bytes(b"my own picture")
    assert (await fetch([item])).complete
    assert files(to)["a.jpg"] == b"my own picture"
    assert len(files(to)) == 2


@pytest.mark.parametrize("size", [2000, 3 * MIB])
async def test_a_damaged_file_is_written_over_though_a_run_failed_meanwhile(
    size: int, fetch: Fetch, host: Host, to: Path
) -> None:
    item = host.add("a", size)
    await fetch([item])
    (to / "a.jpg").write_bytes(host.files["/a.jpg"][:1000])
    host.scripts["/a.jpg"] = [bad.cut(1000), answer(404)]
    assert not (await fetch([item])).complete
    assert (await fetch([item])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
