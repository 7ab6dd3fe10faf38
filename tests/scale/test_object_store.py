from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from distributed import Client, LocalCluster
from moto.server import ThreadedMotoServer

import ninepic_async.sync
from ninepic_async import DownloadError, NinePic, scale
from ninepic_async.sandbox import Sandbox
from ninepic_async.scale.object_store import ObjectStore
from ninepic_async.scale.place import Place


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3 server with one bucket, and the environment that leads to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        import boto3

        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="photos")
        yield "s3://photos"
    server.stop()


@pytest.fixture
async def near(s3: str) -> AsyncIterator[Client]:
    """One worker that has the store's settings in its environment."""
    async with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
            asynchronous=True,
        ) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):
        yield client


async def manifest(place: Place) -> list[dict[str, Any]]:
    names = [name for name in await place.names() if name.endswith(".jsonl")]
    contents = [await place.read(name) or b"" for name in names]
    return [json.loads(line) for content in contents for line in content.splitlines()]


async def test_a_whole_event_into_s3(sb: Sandbox, client: NinePic, near: Client, s3: str) -> None:
    event, url = client.event(sb.event_id), f"{s3}/{sb.event_id}/"
    broken = [photo.image_id async for photo in event.photos()][30]
    sb.faults.add(path=f"/imgs/{sb.event_id}/large/{broken}.jpg", times=100, status=404)
    first = await scale.download(event, url, dask=near, shard=40)
    assert (first.done, first.skipped, [row.id for row in first.failed]) == (69, 0, [broken])
    sb.faults.clear()
    sb.requests.clear()
    second = await scale.download(event, url, dask=near, shard=40)
    assert (second.done, second.skipped, second.failed) == (1, 69, ())
    assert [record.path for record in sb.requests if record.host == "photos"] == [
        f"/imgs/{sb.event_id}/large/{broken}.jpg"
    ]
    place = Place.open(url)
    rows = await manifest(place)
    assert len(rows) == 70
    for row in rows:
        content = await place.read(row["path"])
        assert content is not None
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


async def test_in_a_blocking_program_and_in_memory(sb: Sandbox, s3: str) -> None:
    def run() -> int:
        with (
            ninepic_async.sync.NinePic(sb.api_key, sb.org_id, base_url=sb.base_url) as client,
            LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
            Client(cluster) as dask,
        ):
            from ninepic_async.sync import scale

            return scale.download(client.event(sb.event_id), f"{s3}/blocking", dask=dask).done

    assert await asyncio.to_thread(run) == 70


async def test_a_bucket_that_is_not_there(sb: Sandbox, client: NinePic, s3: str) -> None:
    with pytest.raises(DownloadError, match="no such bucket"):
        await scale.download(client.event(sb.event_id), "s3://elsewhere/456")


async def test_few_requests_to_the_store(
    sb: Sandbox, client: NinePic, dask: Client, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers are in this process, so that their requests are counted too."""
    counted: Counter[str] = Counter()
    for owner, name in (
        *((Place, each) for each in ("names", "read", "write", "create", "delete", "upload")),
        (ObjectStore, "list_present"),
    ):
        monkeypatch.setattr(owner, name, counting(name, getattr(owner, name), counted))
    event = client.event(sb.event_id)
    assert (await scale.download(event, f"{s3}/costs", dask=dask, shard=35)).done == 70
    assert counted == {
        "names": 3,  # the plan, and the manifests before and after
        "read": 1 + 2 + 2,  # the archive's note; for each shard its plan and its manifest
        "create": 2,
        "write": 1 + 2,
        "list_present": 2,
        "upload": 1,
    }
    counted.clear()
    assert (await scale.download(event, f"{s3}/costs", dask=dask, shard=35)).skipped == 70
    assert counted == {"names": 3, "read": 1 + 2 + 2, "upload": 1}


def counting(name: str, method: Any, counted: Counter[str]) -> Any:
    async def count(*arguments: Any, **options: Any) -> Any:
        counted[name] += 1
        return await method(*arguments, **options)

    return count


def test_the_environment_is_as_it_was() -> None:
    assert "NINEPIC_API_KEY" not in os.environ
