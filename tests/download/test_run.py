"""Whole runs: what is fetched, what is skipped, and how a run ends."""

# ruff: noqa: ASYNC110, ASYNC240 (tests may block, and poll)

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from ninepic_async import (
    Clip,
    DownloadError,
    DownloadProgress,
    Event,
    ImageItem,
    InvalidInputError,
    NinePic,
    PresignedUrlItem,
)
from ninepic_async.download import source as plan
from ninepic_async.download.journal import FILE_NAME
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.http.ranges import send

from . import host as bad
from .conftest import QUICK, Fetch, files, open_files, rows
from .host import MIB, Host, answer, cut, stall


async def test_a_second_run_sends_no_request(fetch: Fetch, host: Host) -> None:
    gallery = host.gallery(40)
    first = await fetch(gallery)
    host.seen.clear()
    second = await fetch(gallery)
    assert (first.done, second.done, second.skipped) == (40, 0, 40)
    assert host.seen == []


async def test_a_second_run_fetches_what_is_missing_failed_or_of_another_size(
    fetch: Fetch, host: Host, to: Path
) -> None:
    gallery = host.gallery(8)
    host.scripts["/p00003.jpg"] = [answer(404)]
    assert len((await fetch(gallery)).failed) == 1
    (to / "p00001.jpg").unlink()
    (to / "p00002.jpg").write_bytes(b"\xff\xd8\xff")
    host.seen.clear()
    report = await fetch(gallery)
    assert sorted(seen.path for seen in host.seen) == ["/p00001.jpg", "/p00002.jpg", "/p00003.jpg"]
    assert (report.done, report.skipped, report.failed) == (3, 5, ())
    assert files(to) == {f"{item.image_id}.jpg": host.files[f"/{item.image_id}.jpg"] for item in gallery}


async def test_a_large_file_resumes_in_the_next_run(fetch: Fetch, host: Host, to: Path) -> None:
    item = host.add("a", 4 * MIB, *[cut(2 * MIB), answer(404)])
    assert not (await fetch([item])).complete
    assert set(files(to)) == {"a.jpg.part"}
    assert (await fetch([item])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    assert host.headers("a")[-1]["range"] == f"bytes={2 * MIB}-"


async def test_a_file_that_changed_between_runs_starts_again(fetch: Fetch, host: Host, to: Path) -> None:
    item = host.add("a", 4 * MIB, *[cut(2 * MIB), answer(404)])
    await fetch([item])
    host.files["/a.jpg"] = bad.jpeg(3 * MIB, "another")
    assert (await fetch([item])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}


@pytest.mark.parametrize("mark", ['"a\r\nX-Other: b"', '"\0"'])
async def test_a_damaged_etag_in_the_journal_makes_the_file_start_again(
    mark: str, fetch: Fetch, host: Host, to: Path
) -> None:
    item = host.add("a", 3 * MIB, *[cut(2 * MIB), answer(404)])
    assert (await fetch([item])).failed
    row = {**rows(to)[-1], "validator": mark}
    (to / FILE_NAME).write_bytes(orjson.dumps(row) + b"\n")
    assert (await fetch([item])).complete
    assert "range" not in host.headers("a")[-1]
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}


async def test_a_complete_part_is_checked_by_requesting_its_last_byte(
    fetch: Fetch, host: Host, to: Path
) -> None:
    item = host.add("a", 4 * MIB, *[cut(2 * MIB), answer(404)])
    await fetch([item])
    (to / "a.jpg.part").write_bytes(host.files["/a.jpg"])
    assert (await fetch([item])).complete
    assert host.headers("a")[-1]["range"] == f"bytes={4 * MIB - 1}-"
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}


async def test_photos_with_the_same_name_are_all_kept_and_keep_their_names(
    host: Host, fetch: Fetch, to: Path
) -> None:
    for folder in "xyz":
        host.files[f"/{folder}/a.jpg"] = bad.jpeg(2000, folder)
    links = [
        PresignedUrlItem(url=f"{host.origin}/{folder}/{name}?signature=s", filename=name)
        for folder, name in (("x", "a.jpg"), ("y", "a.jpg"), ("z", "A.JPG"))
    ]
    host.files["/z/A.JPG"] = host.files["/z/a.jpg"]
    assert (await fetch(links)).done == 3
    first = files(to)
    assert sorted(first.values()) == sorted(host.files[f"/{folder}/a.jpg"] for folder in "xyz")
    assert (await fetch(list(reversed(links)))).skipped == 3
    for path in to.iterdir():
        path.unlink()
    assert (await fetch(links)).done == 3
    assert files(to) == first


async def test_renditions_and_kinds_do_not_overwrite_each_other(event: Event, host: Host, to: Path) -> None:
    host.add("large")
    host.add("small")
    item = ImageItem(
        image_id="a", img_url=f"{host.origin}/large.jpg", thumbnail_url=f"{host.origin}/small.jpg"
    )
    for rendition in ("large", "thumbnail", "large", "thumbnail"):
        await event.download([item], to, rendition=rendition)
    assert sorted(files(to).values()) == sorted(host.files.values())
    assert len(host.seen) == 2


async def test_clips(fetch: Fetch, host: Host, to: Path) -> None:
    movie = b"\0\0\0\x18ftypisom" + b"x" * 900
    host.always = answer(200, movie)
    report = await fetch(
        [Clip(url=f"{host.origin}/c/1.mp4?sig=1", video_id="v/1"), Clip(url=f"{host.origin}/2.mp4")]
    )
    assert report.done == 2
    assert files(to) == {"1.mp4": movie, "2.mp4": movie}


async def test_a_photo_that_is_listed_twice_is_fetched_once(fetch: Fetch, host: Host) -> None:
    item = host.add("a")
    assert (await fetch([item, item])).done == 1
    assert len(host.seen) == 1


async def test_other_tasks_run_while_files_are_skipped(fetch: Fetch, host: Host) -> None:
    gallery, drawn = host.gallery(200), 0

    async def source() -> AsyncIterator[ImageItem]:
        nonlocal drawn
        for item in gallery:
            drawn += 1
            yield item

    await fetch(gallery)
    second = asyncio.create_task(fetch(source()))
    while not drawn:
        await asyncio.sleep(0)
    assert drawn < 150
    assert (await second).skipped == 200


async def test_the_source_is_read_no_faster_than_files_are_fetched(fetch: Fetch, host: Host) -> None:
    gallery, drawn = host.gallery(200), 0

    async def source() -> AsyncIterator[ImageItem]:
        nonlocal drawn
        for item in gallery:
            drawn += 1
            yield item

    async def late(request: web.Request, body: bytes) -> web.StreamResponse:
        ahead.append(drawn - len(host.seen))
        return send(request, body, "image/jpeg", 0)

    ahead: list[int] = []
    host.always = late
    assert (await fetch(source(), concurrency=4)).done == 200
    assert max(ahead) <= 3 * 4


async def test_a_slow_source_does_not_delay_its_earlier_items(
    fetch: Fetch, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "monotonic", count().__next__)  # one second later at each call
    gallery, seen = host.gallery(40), 0

    def source() -> Iterator[ImageItem]:
        nonlocal seen
        for item in gallery:
            seen = len(host.seen)
            yield item

    assert (await fetch(source(), concurrency=4)).done == 40
    assert seen > 0


async def test_items_before_a_source_error_are_fetched(fetch: Fetch, host: Host, to: Path) -> None:
    def source() -> Iterator[ImageItem]:
        yield from host.gallery(5)
        raise LookupError("the list is broken")

    with pytest.raises(LookupError, match="broken"):
        await fetch(source())
    assert len(files(to)) == 5


async def test_a_run_with_one_cancelled_task_is_not_reported_as_complete(fetch: Fetch, host: Host) -> None:
    gallery = host.gallery(6)
    readers: list[asyncio.Task[object] | None] = []

    async def source() -> AsyncIterator[ImageItem]:
        readers.append(asyncio.current_task())  # `asyncio.timeout` does this to cancel the task later
        for item in gallery:
            yield item

    async def cancel_the_reader(request: web.Request, body: bytes) -> web.StreamResponse:
        assert readers[0] is not None
        readers[0].cancel()
        return await stall(0)(request, body)

    host.scripts["/p00003.jpg"] = [cancel_the_reader]
    with pytest.raises(DownloadError, match="cut short"):
        await fetch(source(), concurrency=1)
    assert (await fetch(gallery)).failed == ()


async def test_a_source_that_is_left_early_is_closed_by_the_task_that_read_it(
    fetch: Fetch, host: Host
) -> None:
    closed_by_reader: list[bool] = []

    async def source() -> AsyncIterator[ImageItem]:
        reader = asyncio.current_task()
        try:
            for item in host.gallery(40):
                yield item
        finally:
            closed_by_reader.append(asyncio.current_task() is reader)

    host.always = stall(0)
    task = asyncio.create_task(fetch(source(), concurrency=1))
    while not host.seen:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed_by_reader == [True]


async def test_a_source_is_read_in_one_task(fetch: Fetch, host: Host) -> None:
    readers: set[asyncio.Task[object] | None] = set()

    async def source() -> AsyncIterator[ImageItem]:
        for item in host.gallery(40):
            readers.add(asyncio.current_task())
            yield item

    assert (await fetch(source(), concurrency=8)).done == 40
    assert len(readers) == 1


@pytest.mark.parametrize("source", [["text"], [None], "text", 7, None])
async def test_a_source_that_can_not_be_fetched_is_a_typed_error(source: object, fetch: Fetch) -> None:
    with pytest.raises(InvalidInputError, match="PresignedUrlItem"):
        await fetch(source)


async def told_later(_: object) -> None: ...


class ToldLater:
    async def __call__(self, _: object) -> None: ...


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"concurrency": "many"},
        {"concurrency": True},
        {"max_bytes": 0},
        {"rendition": "huge"},
        {"on_progress": 1},
        {"on_progress": told_later},
        {"on_progress": ToldLater()},
    ],
)
async def test_wrong_arguments(wrong: dict[str, object], event: Event, to: Path) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        await event.download([], to, **wrong)  # type: ignore[arg-type]
    assert not to.exists()


@pytest.mark.parametrize("to", ["", "a\0b", "a\ud800b", b"bytes", None])
async def test_an_invalid_path_is_a_typed_error(to: Any, event: Event) -> None:
    with pytest.raises(InvalidInputError, match="path of a folder"):
        await event.download([], to)


async def test_raise_for_failures(fetch: Fetch, host: Host) -> None:
    report = await fetch([host.add("a"), host.add("b", 2000, answer(404))])
    assert not report.complete
    with pytest.raises(DownloadError, match=r"1 of 2 files .* b\.jpg: the host answered 404"):
        report.raise_for_failures()
    (await fetch([host.add("a")])).raise_for_failures()


async def test_progress_is_reported_at_most_ten_times_a_second(fetch: Fetch, host: Host) -> None:
    told: list[tuple[float, DownloadProgress]] = []
    host.always = bad.limited(99, hold_s=0.05)
    report = await fetch(
        host.gallery(60), concurrency=4, on_progress=lambda p: told.append((time.monotonic(), p))
    )
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(told)]
    assert min(gaps) > 0.095
    assert len(told) > 4
    last = told[-1][1]
    assert (last.done, last.known, last.failed, last.bytes_done) == (60, 60, 0, report.bytes)
    assert any(progress.bytes_per_s > 0 for _, progress in told)
    assert [p.done for _, p in told] == sorted(p.done for _, p in told)


async def test_an_error_in_on_progress_is_raised(fetch: Fetch, host: Host) -> None:
    host.always = bad.limited(99, hold_s=0.1)
    with pytest.raises(ZeroDivisionError):
        await fetch(host.gallery(50), concurrency=2, on_progress=lambda _: 1 // 0)


async def test_a_cancelled_run_stops_at_once_and_can_be_resumed(fetch: Fetch, host: Host, to: Path) -> None:
    gallery = host.gallery(30, 3 * MIB)
    for item in gallery[10:]:
        host.scripts[f"/{item.image_id}.jpg"] = [stall(2 * MIB)]
    before = open_files()
    task = asyncio.create_task(fetch(gallery, concurrency=8))
    while len(host.seen) < 18:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    task.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 1
    assert open_files() <= before + 20  # the host's side of the connections
    for name, body in files(to).items():
        assert name.endswith(".part") or body == host.files[f"/{name}"]
    host.scripts.clear()
    assert (await fetch(gallery)).complete
    assert files(to) == {f"{item.image_id}.jpg": host.files[f"/{item.image_id}.jpg"] for item in gallery}
    assert any("range" in seen.headers for seen in host.seen)


async def test_auto_fetches_all(fetch: Fetch, host: Host, to: Path) -> None:
    host.always = bad.limited(6, hold_s=0.02)
    report = await fetch(host.gallery(200), concurrency="auto")
    assert report.failed == ()
    assert len(files(to)) == 200


async def test_neither_key_nor_signature_is_written_to_disk(fetch: Fetch, host: Host, to: Path) -> None:
    host.always = lambda request, _: bad.raw(request, b"no HTTP\r\n\r\n")
    links = [
        PresignedUrlItem(
            url=f"{host.origin}/gone.jpg?X-Amz-Signature=s3cr3t", filename="https://h/a.jpg?s3cr3t"
        ),
        PresignedUrlItem(url=f"{host.origin}/gone.jpg?attachment='&s3cr3t", filename="https://h/a?s3cr3t"),
        PresignedUrlItem(url="htp://h/x?s3cr3t", filename="b.jpg"),
    ]
    report = await fetch(links)
    text = b"".join(path.read_bytes() for path in to.iterdir()) + repr(report).encode()
    text += " ".join(os.listdir(to)).encode()
    assert len(report.failed) == 3
    assert b"s3cr3t" not in text
    assert b"the-secret-key" not in text
    assert {row["state"] for row in rows(to)} == {"failed"}


async def test_over_the_sandbox(to: Path) -> None:
    async with Sandbox(photos=70, missing_originals=0.1) as sandbox:
        async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url, retry=QUICK) as client:
            event = client.event(sandbox.event_id)
            photos = await event.download(event.photos(), to)
            assert (photos.done, photos.failed) == (70, ())
            firsts = [(bib, await event.originals(bib=bib).first_page()) for bib in sandbox.bibs]
            bib, page = next((bib, page) for bib, page in firsts if page.failed)
            originals = await event.download(event.originals(bib=bib), to / "originals")
            again = await event.download(event.originals(bib=bib), to / "originals")
        assert sandbox.state.key_leaks == []
    assert originals.done == len(page.items) == again.skipped
    for report in (originals, again):
        assert {row.id for row in report.failed} == {row.image_id for row in page.failed}
        assert not report.complete
