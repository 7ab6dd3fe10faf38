"""The fleet's rate limit is divided by the workers that are there, again as they come and go."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from distributed import Client, LocalCluster

from ninepic_async import NinePic, RateLimit, scale
from ninepic_async._core.throttle import Throttle
from ninepic_async._support.clock import SystemClock
from ninepic_async.sandbox import Sandbox
from ninepic_async.scale import keys, worker
from ninepic_async.scale.entry import template
from ninepic_async.scale.link import Link
from ninepic_async.scale.place import Place

RATE = 20.0


class Cluster(Link):
    """A cluster whose size the test sets."""

    size = 1
    sent: list[dict[str, Any]]

    async def threads(self) -> int | None:
        return Cluster.size

    def report(self, topic: str, message: dict[str, Any]) -> None:
        Cluster.sent.append(message)


async def test_a_worker_s_share_changes_while_it_fetches(
    client: NinePic, sb: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_REPORT_EVERY_S", 0.01)
    Cluster.size, Cluster.sent = 1, []
    task = template(client.event(sb.event_id), Place.open(tmp_path))
    task = evolve(task, rate_limit=RateLimit(RATE), threads=2)
    fetching = worker._Fetching(task, keys.Secrets(key=client._engine.secret), Cluster())
    async with fetching._client() as made, fetching._reporting(made):
        assert made.throttle.pace == pytest.approx(RATE / 2)
        for Cluster.size in (4, 1, 10):
            async with asyncio.timeout(30):
                while made.throttle.pace != pytest.approx(RATE / Cluster.size):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
    assert {message["run"] for message in Cluster.sent} == {task.run}


def test_a_thread_goes_on_at_the_pace_of_its_last_shard() -> None:
    first = Throttle(1, None, SystemClock())
    for number in range(8):
        first.throttled(sent_at=1e9 + number)
    second = Throttle(1, None, SystemClock())
    second.continue_from(first)
    assert first.state().pace is not None
    assert second.state().pace == pytest.approx(first.state().pace, rel=0.2)


async def test_workers_that_come_and_go_keep_to_the_rate_together(
    sb: Sandbox, client: NinePic, cluster: LocalCluster, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    running = asyncio.ensure_future(
        scale.download(event, tmp_path, dask=dask, shard=2, rendition="original", rate_limit=RateLimit(RATE))
    )
    await asyncio.sleep(0.2)
    cluster.scale(4)
    try:
        report = await running
    finally:
        cluster.scale(2)
    assert (report.done, report.failed) == (70, ())
    signed = [record.at for record in sb.requests if record.path.endswith("/original-photos")]
    assert len(signed) == 35
    # Each of four threads may send one at once when it begins; a new share is learned after some seconds.
    assert signed[-1] - signed[0] >= (35 - 4) / (2 * RATE)
