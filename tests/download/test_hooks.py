"""What hooks are told about the files that a download fetches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ninepic_async import AttemptEnded, CallEnded, CallStarted, ImageItem, NinePic, RetryPolicy
from ninepic_async._core.hooks import Record, photo_address
from ninepic_async.sync import NinePic as BlockingNinePic

from .host import Host, answer, cut, serving

QUICK = RetryPolicy(attempts=3, initial_s=0.01, max_s=0.02)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with serving(Host()) as running:
        yield running


async def records(photo: ImageItem, to: Path) -> list[Record]:
    told: list[Record] = []
    async with NinePic("the-key", 1, base_url="http://127.0.0.1:9", retry=QUICK, hooks=[told.append]) as api:
        await api.event(1).download([photo], to)
    return told


async def test_one_file_is_a_call(host: Host, tmp_path: Path) -> None:
    started, attempt, ended = await records(host.add("a"), tmp_path)
    assert started == CallStarted(started.call, "photo", "GET", f"{host.origin}/{{photo}}", None)
    assert isinstance(attempt, AttemptEnded)
    assert attempt == AttemptEnded(started.call, "photo", 1, 200, attempt.seconds, None, None)
    assert isinstance(ended, CallEnded)
    assert ended == CallEnded(started.call, "photo", 1, 200, ended.seconds, None)


async def test_each_attempt_is_told(host: Host, tmp_path: Path) -> None:
    told = await records(host.add("a", 2000, answer(503), cut(100)), tmp_path)
    attempts = [record for record in told if isinstance(record, AttemptEnded)]
    assert [(each.attempt, each.status) for each in attempts] == [(1, 503), (2, None), (3, 200)]
    assert [each.error is None for each in attempts] == [False, False, True]
    assert [each.wait is None for each in attempts] == [False, False, True]


async def test_a_file_that_can_not_be_had_ends_in_an_error(host: Host, tmp_path: Path) -> None:
    photo = host.add("a", 2000, answer(404))
    (*_, attempt, ended) = await records(photo, tmp_path)
    assert isinstance(attempt, AttemptEnded)
    assert isinstance(ended, CallEnded)
    assert (attempt.status, ended.status) == (404, 404)
    assert "404" in str(ended.error)


async def test_no_record_holds_a_signature(host: Host, tmp_path: Path) -> None:
    photo = host.add("a", 2000, answer(404))
    link = photo.img_url.replace("://", "://me:s3cret@") + "?X-Amz-Signature=s3cret"
    told = await records(ImageItem(image_id="a", img_url=link, thumbnail_url=link), tmp_path)
    assert len(told) == 3
    assert "s3cret" not in "".join(map(repr, told))


async def test_a_photo_that_is_read_is_a_call_too(host: Host) -> None:
    told: list[Record] = []
    async with NinePic("the-key", 1, base_url="http://127.0.0.1:9", retry=QUICK, hooks=[told.append]) as api:
        await api.event(1).read(host.add("a", 2000, answer(503)))
    assert [type(record) for record in told] == [CallStarted, AttemptEnded, AttemptEnded, CallEnded]
    assert {record.endpoint for record in told} == {"photo"}


async def test_a_blocking_download_has_hooks_too(host: Host, tmp_path: Path) -> None:
    told: list[Record] = []
    photo = host.add("a")

    def download() -> None:
        with BlockingNinePic("the-key", 1, base_url="http://127.0.0.1:9", hooks=[told.append]) as api:
            api.event(1).download([photo], tmp_path)

    await asyncio.to_thread(download)
    assert [record.endpoint for record in told] == ["photo"] * 3


@pytest.mark.parametrize("link", ["no link", "http://[::1", "", "https://a.example/b?c#d"])
def test_any_text_has_an_address(link: str) -> None:
    method, address, _ = photo_address(link)
    assert method == "GET"
    assert address.endswith("{photo}")
