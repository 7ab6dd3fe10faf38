"""Progress over all shards: the numbers, the hooks, and the names in Dask's dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from dask.utils import key_split
from distributed import Client

from ninepic_async import DownloadProgress, NinePic, scale
from ninepic_async.sandbox import Sandbox
from ninepic_async.scale import ScaleProgress, worker
from ninepic_async.scale.progress import Before, Progress, ShardProgress


class StepClock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@frozen
class Planned:
    sizes: dict[int, int]

    @property
    def photos(self) -> int:
        return sum(self.sizes.values())


def progress_of(
    reported: list[Any], before: Before, hooks: tuple[Any, ...] = ()
) -> tuple[Progress, StepClock]:
    clock, planner = StepClock(), Planned({0: 100, 1: 100, 2: 100})
    made: Any = Progress(456, reported.append, hooks, planner, before, clock)  # type: ignore[arg-type]
    return made, clock


def test_shards_under_way_count_with_rate_and_time_left() -> None:
    reported: list[ScaleProgress] = []
    hooked: list[object] = []
    progress, clock = progress_of(reported, Before(complete={0: 100}, open={1: 40}), (hooked.append,))
    progress.report()
    clock.now = 10.0
    progress.update(1, ShardProgress(stored=60, failed=0, bytes=20_000))
    progress.report()
    progress.report()
    clock.now = 20.0
    progress.finish(1, ShardProgress(stored=99, failed=1, bytes=60_000))
    progress.update(1, ShardProgress(stored=70, failed=0, bytes=30_000))  # a late message of a killed attempt
    progress.report()
    first, middle, last = reported
    assert (first.done, first.skipped, first.known, first.seconds_left) == (0, 140, 300, None)
    assert (middle.done, middle.skipped, middle.failed) == (20, 140, 0)
    assert (middle.photos_per_s, middle.bytes_per_s, middle.seconds_left) == (2.0, 2000.0, 70.0)
    assert (last.done, last.failed, last.bytes_done) == (59, 1, 60_000)
    assert (last.shards, last.shards_done, last.seconds_left) == (3, 2, 100 / 3.0)
    assert hooked == reported
    assert {each.call for each in reported} == {first.call}


def test_a_hook_that_fails_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: object) -> None:
        raise ValueError(record)

    reported: list[ScaleProgress] = []
    progress, _ = progress_of(reported, Before(), (fail,))
    progress.report()
    assert len(reported) == 1
    assert "failed" in caplog.text


async def test_hooks_get_the_progress_of_all_shards(
    sb: Sandbox, dask: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_REPORT_EVERY_S", 0.05)
    sb.faults.add(endpoint="photo", times=10_000, delay_s=0.2)
    hooked: list[Any] = []
    reported: list[DownloadProgress] = []
    async with NinePic(sb.api_key, sb.org_id, base_url=sb.base_url, hooks=[hooked.append]) as client:
        event = client.event(sb.event_id)
        await scale.download(event, tmp_path, dask=dask, shard=35, on_progress=reported.append)
    records = [record for record in hooked if isinstance(record, ScaleProgress)]
    assert records == reported
    assert {record.endpoint for record in records} == {"scale"}
    assert {record.event_id for record in records} == {sb.event_id}
    counts = [record.done for record in records]
    assert counts == sorted(counts)
    assert counts[-1] == 70
    assert any(0 < count < 70 and count != 35 for count in counts)  # within a shard
    assert records[-1].seconds_left == 0.0


async def test_dask_shows_names_that_people_understand(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    submit = dask.submit

    def remember(*arguments: Any, **options: Any) -> Any:
        seen.append(options["key"])
        return submit(*arguments, **options)

    monkeypatch.setattr(dask, "submit", remember)
    await scale.download(client.event(sb.event_id), tmp_path, dask=dask, shard=35)
    assert {key_split(name) for name in seen} == {"download-photos-event"}
    assert [name.rpartition("-")[0] for name in sorted(seen)] == [
        f"download-photos-event-{sb.event_id}-shard-{number:06}-try-1" for number in (0, 1)
    ]
