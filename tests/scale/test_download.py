from __future__ import annotations

import asyncio
import inspect
import pickle
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from attrs import evolve
from distributed import Client, LocalCluster

from ninepic_async import ConfigError, DownloadError, InvalidInputError, NinePic, RateLimit, scale
from ninepic_async.download.target_folder import Folder
from ninepic_async.sandbox import Sandbox
from ninepic_async.scale import keys
from ninepic_async.scale.entry import template
from ninepic_async.scale.fleet import is_local
from ninepic_async.scale.place import Place
from ninepic_async.scale.report import ScaleReport
from ninepic_async.sync import scale as blocking_scale

from .conftest import check_archive, ids, rows, until


async def test_a_whole_event_into_a_folder(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    progress: list[int] = []
    report = await scale.download(
        event, tmp_path, dask=dask, shard=25, on_progress=lambda step: progress.append(step.done)
    )
    assert (report.done, report.skipped, report.failed, report.shards) == (70, 0, (), 3)
    assert report.failed_shards == ()
    assert report.bytes == sum(row["bytes"] for row in rows(tmp_path))
    assert progress[-1] == 70
    check_archive(tmp_path, await ids(client, sb))
    assert [row["hour"] for row in rows(tmp_path)].count(None) <= 5
    again = await scale.download(event, tmp_path, dask=dask, shard=25)
    assert (again.done, again.skipped, again.bytes) == (0, 70, 0)
    again.raise_for_failures()


async def test_originals_are_signed_by_the_workers(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    report = await scale.download(client.event(sb.event_id), tmp_path, dask=dask, rendition="original")
    assert (report.done, report.failed) == (70, ())
    check_archive(tmp_path, await ids(client, sb))
    plan = (tmp_path / "_plan" / "000000.jsonl").read_text()
    assert "signature" not in plan
    assert sb.api_key not in plan


async def test_photos_that_fail_leave_the_shard_open_and_are_tried_again(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    broken = [photo.image_id async for photo in event.photos()][30]
    sb.faults.add(path=f"/imgs/{sb.event_id}/large/{broken}.jpg", times=100, status=404)
    first = await scale.download(event, tmp_path, dask=dask, shard=25)
    assert (first.done, first.skipped, [row.id for row in first.failed]) == (69, 0, [broken])
    with pytest.raises(DownloadError, match="1 photos"):
        first.raise_for_failures()
    assert (tmp_path / "manifest-000001.open.jsonl").exists()
    sb.faults.clear()
    second = await scale.download(event, tmp_path, dask=dask, shard=25)
    assert (second.done, second.skipped, second.failed) == (1, 69, ())
    assert not (tmp_path / "manifest-000001.open.jsonl").exists()
    check_archive(tmp_path, await ids(client, sb))


async def test_a_gallery_that_changes_becomes_further_shards(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    first = await scale.download(event, tmp_path, dask=dask, shard=25)
    plans = {file: file.read_bytes() for file in (tmp_path / "_plan").iterdir()}
    sb.add_photos(30)
    second = await scale.download(event, tmp_path, dask=dask, shard=25)
    assert (first.done, second.done, second.skipped) == (70, 30, 70)
    assert {file: file.read_bytes() for file in plans} == plans
    check_archive(tmp_path, await ids(client, sb))


async def test_a_shard_that_is_held_is_waited_for_and_then_left_to_the_next_run(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    with Folder(tmp_path / "000001"):
        first = await scale.download(event, tmp_path, dask=dask, shard=25, lock_timeout=1.0)
    assert (first.done, [each.shard for each in first.failed_shards]) == (45, [1])
    assert "may hang" in first.failed_shards[0].error
    with pytest.raises(DownloadError, match="1 shards"):
        first.raise_for_failures()
    second = await scale.download(event, tmp_path, dask=dask, shard=25)
    assert (second.done, second.skipped, second.failed_shards) == (25, 45, ())


async def test_a_blocking_dask_client_and_no_dask_at_all(
    sb: Sandbox, client: NinePic, cluster: LocalCluster, tmp_path: Path
) -> None:
    blocking = await asyncio.to_thread(Client, cluster)
    try:
        report = await scale.download(client.event(sb.event_id), tmp_path / "a", dask=blocking)
    finally:
        await asyncio.to_thread(blocking.close)
    assert report.done == 70
    own = await scale.download(client.event(sb.event_id), tmp_path / "b", rate_limit=RateLimit(1000))
    assert own.done == 70


async def test_no_task_holds_the_key(sb: Sandbox, client: NinePic, tmp_path: Path) -> None:
    event = client.event(sb.event_id)
    task = evolve(template(event, Place.open(tmp_path)), shard=3)
    assert sb.api_key.encode() not in pickle.dumps(task)
    assert sb.api_key not in repr(task)


def test_the_key_stays_on_this_machine() -> None:
    assert [is_local(each) for each in ("tcp://127.0.0.1:80", "tcp://[::1]:80", "inproc://10.0.0.1/1/2")] == [
        True
    ] * 3
    assert not is_local("tcp://10.0.0.1:8786")
    assert not is_local("tls://workers.example:8786")


def test_without_a_key_a_worker_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    monkeypatch.setattr(keys, "_given", {})
    with pytest.raises(keys.MissingKeyError, match="NINEPIC_API_KEY"):
        keys.require("run")
    monkeypatch.setenv(keys.VARIABLE, "the-key")
    assert keys.require("run").key.reveal() == "the-key"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shard": 0}, "shard=0"),
        ({"rendition": "huge"}, "rendition='huge'"),
        ({"rate_limit": 50}, "RateLimit"),
        ({"lock_timeout": 0}, "lock_timeout"),
        ({"to": "ftp://host/x"}, "s3://"),
        ({"to": ""}, "folder"),
        ({"dask": 7}, "distributed.Client"),
        ({"on_progress": 7}, "on_progress"),
        ({"max_bytes": 0}, "max_bytes"),
    ],
)
async def test_wrong_arguments_are_refused(
    sb: Sandbox, client: NinePic, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    to = arguments.pop("to", tmp_path)
    with pytest.raises(InvalidInputError, match=message):
        await scale.download(client.event(sb.event_id), to, **arguments)


async def test_a_scheduler_that_is_not_there(
    client: NinePic, sb: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ninepic_async.scale.cluster._CONNECT_TIMEOUT_S", 0.5)
    with pytest.raises(ConfigError, match="can't be reached"):
        await scale.download(client.event(sb.event_id), tmp_path, dask="tcp://127.0.0.1:9")


def test_the_report_has_a_json_form() -> None:
    report = ScaleReport(done=2, shards=1)
    assert report.to_dict() == {
        "done": 2, "skipped": 0, "failed": [], "bytes": 0, "shards": 1, "failed_shards": [],
    }  # fmt: skip


async def test_rows_have_the_bibs_of_the_start_list(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    await scale.download(event, tmp_path, dask=dask, shard=25)
    assert [row["bibs"] for row in rows(tmp_path)] == [None] * 70
    start_list = [*sb.bibs[:3], sb.bibs[0].lower(), "no-such-bib"]
    again = await scale.download(event, tmp_path, dask=dask, shard=25, bibs=start_list)
    assert (again.done, again.skipped) == (0, 70)
    expected: dict[str, list[str]] = {}
    for bib in sb.bibs[:3]:
        async for photo in event.bib_search(bib):
            expected.setdefault(photo.image_id, []).append(bib)
    assert len(expected) > 1
    assert {row["image_id"]: row["bibs"] for row in rows(tmp_path) if row["bibs"]} == expected
    assert None not in [row["bibs"] for row in rows(tmp_path)]
    table = pyarrow.parquet.read_table(tmp_path / "manifest.parquet").to_pylist()
    assert {row["image_id"]: row["bibs"] for row in table if row["bibs"]} == expected


async def test_a_gallery_that_changes_under_way(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    sb.faults.add(endpoint="photo", times=10_000, delay_s=0.05)
    event = client.event(sb.event_id)
    before = [photo.image_id async for photo in event.photos()]
    running = asyncio.ensure_future(scale.download(event, tmp_path, dask=dask, shard=10))
    await until((tmp_path / "manifest-000000.jsonl").exists)
    sb.remove_photos(before[:10])  # what shard 0 has stored; all others move forward by ten places
    added = sb.add_photos(30)
    report = await running
    assert (report.done, report.failed, report.failed_shards) == (100, (), ())
    check_archive(tmp_path, {*before, *added})


def test_the_blocking_download_has_the_same_signature() -> None:
    ours, theirs = (inspect.signature(each.download).parameters for each in (blocking_scale, scale))
    assert [(each.name, each.kind, each.default) for each in ours.values()] == [
        (each.name, each.kind, each.default) for each in theirs.values()
    ]
