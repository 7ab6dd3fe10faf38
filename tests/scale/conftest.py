from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from distributed import Client, LocalCluster

from ninepic_async import NinePic, RetryPolicy
from ninepic_async.sandbox import Sandbox


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """Two worker processes, for the whole session: they take seconds to start."""
    made: Any = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    )
    with made as started:
        yield started


@pytest.fixture
async def dask(cluster: LocalCluster) -> AsyncIterator[Client]:
    async with Client(cluster.scheduler_address, asynchronous=True) as client:
        yield client


@pytest.fixture
async def sb() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=70, seed=5) as running:
        yield running


@pytest.fixture
async def client(sb: Sandbox) -> AsyncIterator[NinePic]:
    retry = RetryPolicy(attempts=3, initial_s=0.01, max_s=0.02)
    async with NinePic(sb.api_key, sb.org_id, base_url=sb.base_url, retry=retry) as made:
        yield made
