from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from ninepic_async import NinePic, RetryPolicy
from ninepic_async.sandbox import Sandbox
from ninepic_async.testing import sandbox_in_thread


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(240))  # processes start slowly on a busy machine


@pytest.fixture(scope="package")
def cluster() -> Iterator[LocalCluster]:
    """Two workers in threads of this process: processes take seconds to start.

    They end with this folder's tests: they draw from `random`, which Hypothesis does not allow meanwhile.
    """
    made: Any = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        dashboard_address="127.0.0.1:0",
        host="127.0.0.1",
    )
    with made as started:
        yield started


@pytest.fixture
async def dask(cluster: LocalCluster) -> AsyncIterator[Client]:
    async with Client(cluster.scheduler_address, asynchronous=True) as client:
        yield client


@pytest.fixture(scope="session")
def drawn() -> Iterator[Sandbox]:
    """One sandbox for the whole session: each photo is drawn once."""
    with sandbox_in_thread(photos=70, seed=5) as running:
        yield running


@pytest.fixture
def sb(drawn: Sandbox) -> Sandbox:
    drawn.reset()
    return drawn


@pytest.fixture
async def client(sb: Sandbox) -> AsyncIterator[NinePic]:
    retry = RetryPolicy(attempts=3, initial_s=0.01, max_s=0.02)
    async with NinePic(sb.api_key, sb.org_id, base_url=sb.base_url, retry=retry) as made:
        yield made


def rows(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(folder.glob("manifest*.jsonl"))
        for line in file.read_text().splitlines()
    ]


def check_archive(folder: Path, listed: set[str]) -> None:
    """Check that each photo is there once, whole and distinct."""
    found = rows(folder)
    assert sorted(row["image_id"] for row in found) == sorted(listed)
    for row in found:
        assert row["status"] == "done"
        content = (folder / row["path"]).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert len({row["sha256"] for row in found}) == len(listed)


async def ids(client: NinePic, sb: Sandbox) -> set[str]:
    return {photo.image_id async for photo in client.event(sb.event_id).photos()}


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until other processes have made something so."""
    async with asyncio.timeout(120):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
