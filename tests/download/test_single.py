"""Single files: their bytes whole, or an error that says why not."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from ninepic_async import Clip, DownloadError, Event, InvalidInputError, NinePic, PresignedUrlItem
from ninepic_async.sandbox import ManualClock, Sandbox

from . import host as bad
from .conftest import QUICK
from .host import MIB, Host, answer, cut


async def joined(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("script", [[], [answer(500)], [cut(1000)], [bad.reset, answer(503)]])
async def test_a_photo_is_read_whole(script: list[bad.Behaviour], event: Event, host: Host) -> None:
    item = host.add("a", 6 * MIB, *script)
    assert await event.read(item) == host.files["/a.jpg"]
    host.scripts["/a.jpg"] = list(script)
    assert await joined(event.stream(item)) == host.files["/a.jpg"]


async def test_a_large_file_resumes(event: Event, host: Host) -> None:
    item = host.add("a", 6 * MIB, cut(2 * MIB))
    assert await event.read(item) == host.files["/a.jpg"]
    assert host.headers("a")[1]["range"] == f"bytes={2 * MIB}-"


async def test_clips_and_links_are_read_too(event: Event, host: Host) -> None:
    movie = b"\0\0\0\x18ftypisom" + b"x" * 900
    host.always = answer(200, movie)
    assert await event.read(Clip(url=f"{host.origin}/c/1.mp4?sig=1", video_id="v/1")) == movie
    host.always = None
    host.add("b")
    assert await event.read(PresignedUrlItem(url=f"{host.origin}/b.jpg", filename="b.jpg"))


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (answer(404), "404"),
        (answer(200, b"<html>"), "not a photo"),
        (answer(200, b""), "empty"),
        (bad.chunked, "more than max_bytes=1000"),
        (bad.ignore_range, "more than max_bytes=1000"),
    ],
)
async def test_what_can_not_be_read_is_a_typed_error(
    behaviour: bad.Behaviour, says: str, event: Event, host: Host
) -> None:
    item = host.add("a", 2000, *[behaviour] * 6)
    with pytest.raises(DownloadError, match=f"a.jpg can't be fetched: .*{says}"):
        await event.read(item, max_bytes=1000)
    host.scripts["/a.jpg"] = [behaviour] * 6
    with pytest.raises(DownloadError, match=says):
        await joined(event.stream(item, max_bytes=1000))


@pytest.mark.parametrize("wrong", [{"rendition": "huge"}, {"max_bytes": 0}])
async def test_wrong_arguments(wrong: dict[str, object], event: Event, host: Host) -> None:
    item = host.add("a")
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        await event.read(item, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        event.stream(item, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="give ImageItem"):
        await event.read("a.jpg")  # type: ignore[arg-type]
    assert host.seen == []


async def test_originals_are_signed_and_signed_again() -> None:
    async with AsyncExitStack() as stack:
        clock = ManualClock()
        sandbox = await stack.enter_async_context(Sandbox(photos=5, clock=clock, link_lifetime_s=60))
        async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url, retry=QUICK) as client:
            event = client.event(sandbox.event_id)
            photo = (await event.photos().collect(limit=1))[0]
            (link,) = await event.originals(image_id=photo.image_id).collect()
            first = await event.read(photo, rendition="original")
            clock.advance(3600)
            again = await event.read(link)
    assert hashlib.sha256(first).digest() == hashlib.sha256(again).digest()


async def test_leaving_a_stream_early_leaves_nothing_behind(event: Event, host: Host) -> None:
    stream = event.stream(host.add("a", 3 * MIB))
    assert await anext(stream)
    await stream.aclose()
