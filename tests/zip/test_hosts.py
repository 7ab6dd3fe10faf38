"""ZIPs of photos from a host that misbehaves, or that is watched closely."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

import ninepic_async.sync
from ninepic_async import (
    DownloadError,
    Event,
    ImageItem,
    InternalServerError,
    NinePic,
    PermissionDeniedError,
    RetryPolicy,
)
from ninepic_async.sandbox import ManualClock, Sandbox
from tests.download.host import MIB, Host, answer, cut, serving, stall

QUICK = RetryPolicy(attempts=3, initial_s=0.01, max_s=0.02)
MOST_AHEAD = 8
PATIENCE_S = 20


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with serving(Host()) as running:
        yield running


@pytest.fixture
async def event() -> AsyncIterator[Event]:
    """Return an event whose API gets no request."""
    async with NinePic("key", 1, base_url="http://127.0.0.1:9", retry=QUICK) as client:
        yield client.event(1)


async def whole(chunks: AsyncIterator[bytes]) -> zipfile.ZipFile:
    content = b"".join([chunk async for chunk in chunks])
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


async def wait_until_idle(host: Host) -> None:
    """Wait until a host gets no more requests."""
    before = -1
    while len(host.seen) != before:
        before = len(host.seen)
        await asyncio.sleep(0.5)


async def has_ended(host: Host) -> bool:
    """Return whether no request follows those that were sent already and that the host still has to read."""
    await asyncio.sleep(0.3)
    before = len(host.seen)
    await asyncio.sleep(0.3)
    return len(host.seen) == before


async def test_a_cut_body_is_resumed_by_range(event: Event, host: Host) -> None:
    item = host.add("a", 6 * MIB, cut(2 * MIB))
    archive = await whole(event.zip([item]))
    assert archive.read("a.jpg") == host.files["/a.jpg"]
    assert host.headers("a")[1]["range"] == f"bytes={2 * MIB}-"


@pytest.mark.parametrize("photo", [answer(500), answer(429), cut(1000)])
async def test_a_failure_that_passes_is_not_seen(photo: object, event: Event, host: Host) -> None:
    items = [host.add("a", 2000, photo), host.add("b")]  # type: ignore[arg-type]
    archive = await whole(event.zip(items, on_failure="raise"))
    assert archive.namelist() == ["a.jpg", "b.jpg"]


async def test_a_reader_that_pauses_has_at_most_eight_files_fetched(event: Event, host: Host) -> None:
    async with aclosing(event.zip(host.gallery(50))) as chunks:
        assert await anext(chunks)
        await wait_until_idle(host)
        assert 1 <= len(host.seen) <= MOST_AHEAD + 1, "the file that is being sent, and those ahead"


async def test_the_source_is_read_no_further_ahead(event: Event, host: Host) -> None:
    taken = 0

    async def endless() -> AsyncIterator[ImageItem]:
        nonlocal taken
        while True:
            taken += 1
            yield host.add(f"p{taken}")

    async with aclosing(event.zip(endless())) as chunks:
        assert await anext(chunks)
        await wait_until_idle(host)
        assert taken <= MOST_AHEAD + 1


async def test_a_source_that_is_slow_holds_nothing_up(event: Event, host: Host) -> None:
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[ImageItem]:
        yield host.add("a")
        await go_on.wait()
        yield host.add("b")

    async with aclosing(event.zip(slow())) as chunks:
        async with asyncio.timeout(PATIENCE_S):
            content = await anext(chunks)
        go_on.set()
        archive = zipfile.ZipFile(io.BytesIO(content + b"".join([chunk async for chunk in chunks])))
    assert archive.namelist() == ["a.jpg", "b.jpg"]


async def test_a_source_is_read_by_one_task_and_closed(event: Event, host: Host) -> None:
    tasks = set()
    is_closed = False

    async def source() -> AsyncIterator[ImageItem]:
        nonlocal is_closed
        try:
            async with asyncio.timeout(PATIENCE_S):  # belongs to the task that entered it
                for item in host.gallery(30):
                    tasks.add(asyncio.current_task())
                    yield item
        finally:
            is_closed = True

    await whole(event.zip(source()))
    assert (len(tasks), is_closed) == (1, True)
    is_closed = False
    async with aclosing(event.zip(source())) as chunks:
        assert await anext(chunks)
    assert is_closed


async def test_what_came_before_a_source_failed_is_sent(event: Event, host: Host) -> None:
    async def source() -> AsyncIterator[ImageItem]:
        yield host.add("a", MIB)
        raise LookupError("the database is gone")

    content = b""

    async def read() -> None:
        nonlocal content
        async for chunk in event.zip(source()):
            content += chunk

    with pytest.raises(LookupError, match="the database is gone"):
        await read()
    assert len(content) > MIB
    assert not zipfile.is_zipfile(io.BytesIO(content))


async def test_closing_it_ends_everything_at_once(event: Event, host: Host) -> None:
    first, *others = host.gallery(20)
    for item in others:
        host.scripts[f"/{item.image_id}.jpg"] = [stall(100)] * 3
    chunks = event.zip([first, *others])
    assert await anext(chunks)
    async with asyncio.timeout(5):
        await chunks.aclose()
    assert not [task for task in asyncio.all_tasks() if "fetch" in repr(task.get_coro())]
    assert await has_ended(host)


async def test_cancelled_it_ends_at_once_and_leaves_no_task(event: Event, host: Host) -> None:
    for item in (items := host.gallery(20)):
        host.scripts[f"/{item.image_id}.jpg"] = [stall(100)] * 3
    reading = asyncio.ensure_future(whole(event.zip(items)))
    await wait_until_idle(host)
    assert host.seen
    reading.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await has_ended(host)


async def test_an_archive_that_is_broken_can_not_be_taken_for_a_whole_one(event: Event, host: Host) -> None:
    items = [host.add("a", MIB), host.add("b", 2000, *[answer(404)] * 3), host.add("c")]
    content = b""

    async def read() -> None:
        nonlocal content
        async for chunk in event.zip(items, on_failure="raise"):
            content += chunk

    with pytest.raises(DownloadError, match=r"the ZIP is not complete: b\.jpg"):
        await read()
    assert len(content) >= MIB
    assert not zipfile.is_zipfile(io.BytesIO(content))


async def test_the_names_are_those_of_a_download(event: Event, host: Host, tmp_path: Path) -> None:
    names = ["Photo", "pHOTO", "a" * 300, "../up", "con", "é", "x\x00y", "c:\\d", "same.jpg", "same.JPG", " "]
    items = [
        ImageItem(image_id=name, img_url=host.add(f"f{n}").img_url, thumbnail_url="")
        for n, name in enumerate(names)
    ]
    host.files["/f3.jpg"] = b"\x89PNG\r\n\x1a\n" + b"x" * 100  # its name becomes that of a PNG
    archive = await whole(event.zip(items))
    report = await event.download(items, tmp_path)
    assert set(archive.namelist()) == {file.path.name for file in report.files()}
    assert len(archive.namelist()) == len(items)


async def test_links_that_expire_while_it_is_sent_are_signed_again() -> None:
    clock = ManualClock()
    async with (
        Sandbox(photos=65, clock=clock, link_lifetime_s=60) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url, retry=QUICK) as client,
    ):
        event = client.event(sandbox.event_id)
        photos = await event.photos().collect()
        content = b""
        entries = 0
        async for chunk in event.zip(photos, rendition="original", on_failure="raise"):
            content += chunk
            entries += 1
            if entries % 40 == 0:
                clock.advance(3600)
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    assert len(archive.namelist()) == len(photos)


@pytest.mark.parametrize("on_failure", ["note", "raise"])
async def test_a_signing_request_that_fails_costs_only_its_own_files(on_failure: str) -> None:
    async with (
        Sandbox(photos=100) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url, retry=QUICK) as client,
    ):
        event = client.event(sandbox.event_id)
        photos = await event.photos().collect()
        sandbox.faults.add(endpoint="originals", status=500, times=3)
        if on_failure == "raise":
            with pytest.raises(InternalServerError):
                await whole(event.zip(photos, rendition="original", on_failure="raise"))
            return
        archive = await whole(event.zip(photos, rendition="original"))
        assert len(archive.namelist()) == 40 + 1
        assert len(archive.read("MISSING.txt").splitlines()) == 60


async def test_a_key_that_is_refused_is_an_error_and_no_archive_of_nothing() -> None:
    async with (
        Sandbox(photos=10) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        event = client.event(sandbox.event_id)
        photos = await event.photos().collect()
        sandbox.faults.add(endpoint="originals", status=403, body={"message": "Forbidden"})
        with pytest.raises(PermissionDeniedError):
            await whole(event.zip(photos, rendition="original"))


async def test_a_blocking_reader_that_leaves_ends_everything(host: Host) -> None:
    first, *others = host.gallery(20)
    for item in others:
        host.scripts[f"/{item.image_id}.jpg"] = [stall(100)] * 3

    def leave() -> None:
        with ninepic_async.sync.NinePic("key", 1, base_url="http://127.0.0.1:9", retry=QUICK) as client:
            chunks = client.event(1).zip([first, *others])
            assert next(iter(chunks))

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.to_thread(leave)
    assert await has_ended(host)
