"""Originals of any photos, signed as they are fetched, and what a report says of its files."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ninepic_async import DownloadError, Event, ImageItem, NinePic
from ninepic_async.sandbox import Sandbox

from .conftest import QUICK, Fetch, files
from .host import Host, answer


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=130) as running:
        yield running


@pytest.fixture
async def photo_event(sandbox: Sandbox) -> AsyncIterator[Event]:
    async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url, retry=QUICK) as client:
        yield client.event(sandbox.event_id)


def signings(sandbox: Sandbox) -> int:
    return sum(seen.endpoint == "originals" for seen in sandbox.requests)


async def test_originals_of_all_photos_are_signed_sixty_a_request(
    sandbox: Sandbox, photo_event: Event, to: Path
) -> None:
    report = await photo_event.download(photo_event.photos(), to, rendition="original")
    assert (report.done, report.failed) == (130, ())
    assert signings(sandbox) == 3
    sandbox.requests.clear()
    again = await photo_event.download(photo_event.photos(), to, rendition="original")
    assert (again.done, again.skipped) == (0, 130)
    assert signings(sandbox) == 0


async def test_originals_by_links_and_by_photos_are_the_same_files(
    sandbox: Sandbox, photo_event: Event, to: Path
) -> None:
    photos = await photo_event.photos().collect(limit=20)
    await photo_event.download(photo_event.originals(photos=photos), to)
    names = set(files(to))
    report = await photo_event.download(photos, to, rendition="original")
    assert (report.done, report.skipped) == (0, 20)
    assert set(files(to)) == names


async def test_a_photo_without_an_original_is_a_failed_row(
    sandbox: Sandbox, photo_event: Event, to: Path
) -> None:
    photos = await photo_event.photos().collect(limit=3)
    unknown = ImageItem(image_id="nobody", img_url="https://h/a.jpg", thumbnail_url="https://h/a.jpg")
    report = await photo_event.download([*photos, unknown], to, rendition="original")
    assert report.done == 3
    assert [row.id for row in report.failed] == ["nobody"]


async def test_what_was_signed_before_an_error_is_fetched(
    sandbox: Sandbox, photo_event: Event, to: Path
) -> None:
    sandbox.faults.add(endpoint="originals", attempt=2, status=403)
    with pytest.raises(Exception, match="403"):
        await photo_event.download(photo_event.photos(), to, rendition="original")
    assert len(files(to)) == 60


async def test_a_report_lists_its_files(fetch: Fetch, host: Host, to: Path) -> None:
    first = await fetch(host.gallery(5))
    items = [*host.gallery(8), host.add("missing", 2000, *[answer(404)] * 9)]
    report = await fetch(items)
    found = list(report.files())
    assert [file.id for file in first.files()] == [file.path.stem for file in first.files()]
    assert sorted(file.id for file in found) == [f"p{number:05}" for number in range(8)]
    assert {file.path for file in found} == {to / f"{file.id}.jpg" for file in found}
    assert {file.bytes for file in found} == {2000}
    assert [file.id for file in pickle.loads(pickle.dumps(report)).files()] == [file.id for file in found]


async def test_a_file_that_is_gone_is_not_listed(fetch: Fetch, host: Host, to: Path) -> None:
    report = await fetch(host.gallery(3))
    (to / "p00001.jpg").unlink()
    assert {file.id for file in report.files()} == {"p00000", "p00002"}
    shutil.rmtree(to)
    with pytest.raises(DownloadError, match="can't read"):
        list(report.files())
