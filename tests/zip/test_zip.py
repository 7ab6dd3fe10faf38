from __future__ import annotations

import asyncio
import io
import struct
import zipfile
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

import ninepic_async.sync
from ninepic_async import Clip, DownloadError, ImageItem, InvalidInputError, NinePic, RetryPolicy
from ninepic_async.sandbox import Sandbox


@pytest.fixture
async def sb() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=40, seed=2, clip_seconds=0.1) as running:
        yield running


@pytest.fixture
async def client(sb: Sandbox) -> AsyncIterator[NinePic]:
    retry = RetryPolicy(attempts=2, initial_s=0.01, max_s=0.02)
    async with NinePic(sb.api_key, sb.org_id, base_url=sb.base_url, retry=retry) as made:
        yield made


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def opened(content: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


def read_as_it_comes(content: bytes) -> dict[str, bytes]:
    """Read the entries without the directory at the end, as a program does that can't seek."""
    found = {}
    at = 0
    while content[at : at + 4] == b"PK\x03\x04":
        _, flags, method, _, _, _, size, _, name_length, extra_length = struct.unpack(
            "<HHHHHIIIHH", content[at + 4 : at + 30]
        )
        assert flags & 0x08 == 0, "a data descriptor, whose size nobody knows beforehand"
        assert method == zipfile.ZIP_STORED
        start = at + 30 + name_length + extra_length
        found[content[at + 30 : at + 30 + name_length].decode()] = content[start : start + size]
        at = start + size
    return found


async def test_every_photo_is_in_it_as_it_is(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    content = await whole(event.zip(event.photos()))
    archive = opened(content)
    photos = await event.photos().collect()
    assert archive.namelist() == [f"{photo.image_id}.jpg" for photo in photos]
    for photo in photos[:5]:
        assert archive.read(f"{photo.image_id}.jpg") == await event.read(photo)
    assert read_as_it_comes(content) == {name: archive.read(name) for name in archive.namelist()}


async def test_memories_with_clips_and_originals(sb: Sandbox, client: NinePic) -> None:
    event, bib = client.event(sb.event_id), sb.bibs[0]
    found = await event.memories(bib=bib, selfie=sb.selfie(bib), clips=True)
    names = opened(await whole(event.zip(found))).namelist()
    assert sum(name.endswith(".mp4") for name in names) == len(found.clips) > 0
    assert len(names) == len(found) + len(found.clips)
    originals = opened(await whole(event.zip(found.photos, rendition="original")))
    assert len(originals.namelist()) == len(found)


async def test_links_that_expire_are_signed_again(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    links = await event.originals(bib=sb.bibs[0]).collect()
    sb.faults.add(endpoint="original", times=len(links), status=403, body="Request has expired")
    archive = opened(await whole(event.zip(links)))
    assert len(archive.namelist()) == len(links) > 1


async def test_what_can_not_be_had_is_noted_at_the_end(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    photos = await event.photos().collect(limit=10)
    broken = photos[3].image_id
    sb.faults.add(path=f"/imgs/{sb.event_id}/large/{broken}.jpg", times=100, status=404)
    archive = opened(await whole(event.zip(photos)))
    assert archive.namelist() == [f"{each.image_id}.jpg" for each in photos if each.image_id != broken] + [
        "MISSING.txt"
    ]
    (line,) = archive.read("MISSING.txt").decode().splitlines()
    assert line.startswith(f"{broken}.jpg can't be fetched: ")
    assert "404" in line
    with pytest.raises(DownloadError, match=f"the ZIP is not complete: {broken}"):
        await whole(event.zip(photos, on_failure="raise"))


async def test_names_that_are_alike_stay_apart(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    first, second = await event.photos().collect(limit=2)
    alike = [
        ImageItem(image_id="Photo", img_url=first.img_url, thumbnail_url=first.thumbnail_url),
        ImageItem(image_id="pHOTO", img_url=second.img_url, thumbnail_url=second.thumbnail_url),
        ImageItem(image_id="MISSING", img_url=first.img_url, thumbnail_url=first.thumbnail_url),
        ImageItem(image_id="Photo", img_url=first.img_url, thumbnail_url=first.thumbnail_url),
    ]
    names = opened(await whole(event.zip(alike))).namelist()
    assert len({name.casefold() for name in names}) == 3
    assert names[0] == "Photo.jpg"


async def test_hostile_names_stay_names(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    photo = (await event.photos().collect(limit=1))[0]
    for name in ("../../etc/passwd", "/root", "a\\b", "x\x00y", "con", "c:\\x"):
        item = ImageItem(image_id=name, img_url=photo.img_url, thumbnail_url=photo.thumbnail_url)
        (stored,) = opened(await whole(event.zip([item]))).namelist()
        assert not any(part in stored for part in ("/", "\\", "..", "\x00", ":"))


async def test_the_times_are_those_of_the_host(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    photo = (await event.photos().collect(limit=1))[0]
    for header, expected in (
        ("Wed, 21 Oct 2015 07:28:00 GMT", (2015, 10, 21, 7, 28, 0)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", (1980, 1, 1, 0, 0, 0)),
    ):
        sb.faults.add(endpoint="photo", times=1, headers={"Last-Modified": header})
        (entry,) = opened(await whole(event.zip([photo]))).infolist()
        assert entry.date_time == expected


async def test_an_empty_source_is_an_empty_zip(sb: Sandbox, client: NinePic) -> None:
    assert opened(await whole(client.event(sb.event_id).zip([]))).namelist() == []


async def test_a_source_that_fails_breaks_the_zip_visibly(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    sb.faults.add(endpoint="photos", times=10, status=500)
    with pytest.raises(Exception, match="500"):
        await whole(event.zip(event.photos()))


async def test_a_visitor_who_leaves_ends_all_requests(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    sb.faults.add(endpoint="photo", attempt=1, times=1000, delay_s=0.02)
    async with aclosing(event.zip(event.photos())) as chunks:
        async for _ in chunks:
            break
    before = len(sb.requests)
    await asyncio.sleep(0.1)
    assert len(sb.requests) <= before + 8


async def test_cancelled_it_stops_at_once(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    sb.faults.add(endpoint="photo", times=1000, stall=True)
    reading = asyncio.ensure_future(whole(event.zip(event.photos())))
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 5)


async def test_in_a_blocking_program(sb: Sandbox) -> None:
    def run() -> list[str]:
        with ninepic_async.sync.NinePic(sb.api_key, sb.org_id, base_url=sb.base_url) as client:
            event = client.event(sb.event_id)
            return opened(b"".join(event.zip(event.bib_search(sb.bibs[0])))).namelist()

    assert len(await asyncio.to_thread(run)) > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rendition": "huge"}, "rendition"),
        ({"on_failure": "skip"}, "on_failure"),
        ({"source": 7}, "source"),
        ({"source": "abc"}, "source"),
    ],
)
async def test_wrong_arguments_are_refused_at_once(
    sb: Sandbox, client: NinePic, arguments: dict[str, object], message: str
) -> None:
    source = arguments.pop("source", [])
    with pytest.raises(InvalidInputError, match=message):
        client.event(sb.event_id).zip(source, **arguments)  # type: ignore[arg-type]


async def test_a_clip_alone(sb: Sandbox, client: NinePic) -> None:
    event, bib = client.event(sb.event_id), sb.bibs[0]
    clips = (await event.clips(selfie=sb.selfie(bib))).clips
    assert all(isinstance(clip, Clip) for clip in clips)
    names = opened(await whole(event.zip(clips))).namelist()
    assert len(names) == len(clips)
