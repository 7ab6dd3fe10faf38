"""Workers, driver and scheduler are killed, and hang. Nothing is lost, torn or counted twice."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dask import config as dask_config
from distributed import Client, LocalCluster

from ninepic_async import DownloadError, NinePic, scale
from ninepic_async.sandbox import Sandbox

from .conftest import check_archive, ids, until


def stored(folder: Path) -> int:
    return len(list(folder.glob("*/*.jpg")))


def has_stored(folder: Path, photos: int) -> bool:
    return stored(folder) >= photos


_TTL = "3s"


@contextmanager
def processes() -> Iterator[Any]:
    """Two worker processes, each with a nanny. One that hangs is given up after some seconds."""
    with (
        dask_config.set({"distributed.scheduler.worker-ttl": _TTL}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
        ) as made,
    ):
        yield made


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of Dask's until the block ends."""
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": _TTL}
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def scheduler() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a scheduler, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with program("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard") as process:
        yield address, process


@contextmanager
def worker(address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker without a nanny."""
    options = ("--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard")
    with program("dask_worker", address, *options) as process:
        yield process


def pids(cluster: Any) -> list[int]:
    return [worker.pid for worker in cluster.workers.values()]


async def test_workers_that_are_killed_three_times(sb: Sandbox, client: NinePic, tmp_path: Path) -> None:
    sb.faults.add(endpoint="photo", times=10_000, delay_s=0.05)
    with processes() as own:
        event = client.event(sb.event_id)
        running = asyncio.ensure_future(scale.download(event, tmp_path, dask=own.scheduler_address, shard=10))
        for number in range(3):
            await until(partial(has_stored, tmp_path, 10 * number + 1))
            os.kill(pids(own)[0], signal.SIGKILL)
            await asyncio.sleep(0.5)
        report = await running
    assert (report.done, report.skipped, report.failed, report.failed_shards) == (70, 0, (), ())
    check_archive(tmp_path, await ids(client, sb))


async def test_a_worker_that_hangs_is_started_again_by_its_nanny(
    sb: Sandbox, client: NinePic, tmp_path: Path
) -> None:
    sb.faults.add(endpoint="photo", times=10_000, delay_s=0.05)
    with processes() as own:
        event = client.event(sb.event_id)
        running = asyncio.ensure_future(scale.download(event, tmp_path, dask=own.scheduler_address, shard=10))
        await until(lambda: stored(tmp_path) > 5)
        hung = pids(own)[0]
        os.kill(hung, signal.SIGSTOP)
        report = await running
        assert hung not in pids(own)
    assert (report.done, report.skipped, report.failed, report.failed_shards) == (70, 0, (), ())
    check_archive(tmp_path, await ids(client, sb))


async def test_a_worker_that_hangs_without_a_nanny_leaves_its_shard_to_the_next_run(
    sb: Sandbox, client: NinePic, tmp_path: Path
) -> None:
    sb.faults.add(endpoint="photo", times=10_000, delay_s=0.05)
    with scheduler() as (address, _), worker(address), worker(address) as hung:
        event = client.event(sb.event_id)
        running = asyncio.ensure_future(
            scale.download(event, tmp_path, dask=address, shard=10, lock_timeout=2.0)
        )
        await until(lambda: stored(tmp_path) > 5)
        hung.send_signal(signal.SIGSTOP)
        first = await running
        assert first.failed == ()
        assert first.done == 70 - 10 * len(first.failed_shards)
        assert all("may hang" in each.error for each in first.failed_shards)
        hung.kill()
        hung.wait()
        second = await scale.download(event, tmp_path, dask=address, shard=10)
    assert (second.done, second.skipped) == (70 - first.done, first.done)
    assert (second.failed, second.failed_shards) == ((), ())
    check_archive(tmp_path, await ids(client, sb))


async def test_a_driver_that_is_killed_goes_on(
    sb: Sandbox, client: NinePic, cluster: LocalCluster, dask: Client, tmp_path: Path
) -> None:
    sb.faults.add(endpoint="photo", times=10_000, delay_s=0.05)
    code = f"""
        import asyncio
        from ninepic_async import NinePic, scale

        async def main():
            async with NinePic({sb.api_key!r}, {sb.org_id}, base_url={sb.base_url!r}) as client:
                event = client.event({sb.event_id})
                await scale.download(event, {str(tmp_path)!r}, dask={cluster.scheduler_address!r}, shard=10)

        asyncio.run(main())
    """
    driver = await asyncio.create_subprocess_exec(sys.executable, "-c", textwrap.dedent(code))
    await until(lambda: stored(tmp_path) > 5)
    driver.kill()
    await driver.wait()
    sb.faults.clear()
    report = await scale.download(client.event(sb.event_id), tmp_path, dask=dask, shard=10)
    assert report.done + report.skipped == 70
    assert (report.failed, report.failed_shards) == ((), ())
    check_archive(tmp_path, await ids(client, sb))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_scheduler_that_is_gone_ends_the_run_and_another_goes_on(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path, how: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sb.faults.add(endpoint="photo", times=10_000, delay_s=0.05)
    event = client.event(sb.event_id)
    with scheduler() as (address, process), worker(address):
        running = asyncio.ensure_future(scale.download(event, tmp_path, dask=address, shard=10))
        await until(lambda: stored(tmp_path) > 5)
        process.send_signal(how)
        monkeypatch.setattr("ninepic_async.scale.fleet._SILENT_S", 2.0)
        monkeypatch.setattr("ninepic_async.scale.fleet._ANSWER_S", 1.0)
        monkeypatch.setattr("ninepic_async.scale.fleet._ASK_EVERY_S", 0.5)
        with pytest.raises(DownloadError, match="has not answered"):
            await running
    sb.faults.clear()
    report = await scale.download(event, tmp_path, dask=dask, shard=10)
    assert report.done + report.skipped == 70
    assert (report.failed, report.failed_shards) == ((), ())
    check_archive(tmp_path, await ids(client, sb))


async def test_links_that_expire_under_way_are_signed_again(
    client: NinePic, dask: Client, tmp_path: Path
) -> None:
    async with Sandbox(photos=20, seed=5, link_lifetime_s=2) as own:
        own.faults.add(endpoint="photo", times=10_000, delay_s=0.3)
        async with NinePic(own.api_key, own.org_id, base_url=own.base_url) as near:
            event = near.event(own.event_id)
            report = await scale.download(event, tmp_path, dask=dask, shard=20, rendition="original")
            assert (report.done, report.failed, report.failed_shards) == (20, (), ())
            check_archive(tmp_path, await ids(near, own))
