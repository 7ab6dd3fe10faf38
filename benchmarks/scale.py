"""Measure downloads over Dask workers: speed, the driver's memory, and the cost of a shard.

    python -m benchmarks.scale [--rounds 3] [--quick] [--planned 1000000]

Print the speed of one process, of two workers, of ``curl -Z`` and of ``wget2`` (if it is installed), to the
local disk and to an object store (moto), as ratios to one process. Servers run beside them on the same cores,
and on two cores they take half: only the ratios mean anything. Needs nginx, curl and the extra ``scale``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from attrs import evolve
from distributed import Client, LocalCluster

from benchmarks.bulk import TMPFS, curl, nginx, wget2
from benchmarks.scale_gallery import gallery
from ninepic_async import HTTPOptions, NinePic, scale
from ninepic_async.scale import keys, shard_files
from ninepic_async.scale.entry import template
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import Hours, Planner
from ninepic_async.scale.worker import fetch_shard

KIB = 1024
MIB = 1024 * KIB
SIZES = {"1 KiB": (KIB, 4000), "4 MiB": (4 * MIB, 240)}
HTTP = HTTPOptions(allow_private_addresses=True)
Contestant = Callable[[], Coroutine[Any, Any, None]]


def client_of(base_url: str) -> NinePic:
    return NinePic("the-key", 903, base_url=base_url, http=HTTP)


def make_photos(folder: Path, size: int, count: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    body = b"\xff\xd8\xff" + random.Random(0).randbytes(size - 3)
    for place in range(count):
        (folder / f"{place:08}.jpg").write_bytes(body)


@contextmanager
def object_store() -> Iterator[str]:
    """Run moto's S3 server in a process of its own, with one bucket."""
    code = (
        "import time, boto3; from moto.server import ThreadedMotoServer as S;"
        "s = S(ip_address='127.0.0.1', port=0, verbose=False); s.start();"
        "url = 'http://%s:%d' % s.get_host_and_port();"
        "boto3.client('s3', region_name='us-east-1', endpoint_url=url, aws_access_key_id='id',"
        " aws_secret_access_key='secret').create_bucket(Bucket='photos');"
        "print(url, flush=True); time.sleep(86400)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        os.environ.update(
            AWS_ENDPOINT=server.stdout.readline().strip(),
            AWS_ALLOW_HTTP="true",
            AWS_ACCESS_KEY_ID="id",
            AWS_SECRET_ACCESS_KEY="secret",
            AWS_REGION="us-east-1",
        )
        try:
            yield "s3://photos"
        finally:
            server.kill()


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    os.environ[keys.VARIABLE] = "the-key"
    started: Any = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        host="127.0.0.1",
    )
    with started as made:
        with Client(made) as client:  # let the workers import what they need
            client.run(lambda: __import__("ninepic_async.scale.worker"))
        yield made.scheduler_address


async def one_process(base_url: str, to: Path) -> None:
    async with client_of(base_url) as client:
        event = client.event(456)
        (await event.download(event.photos(), to)).raise_for_failures()


async def over_workers(base_url: str, to: str, dask: str, shard: int) -> None:
    async with client_of(base_url) as client:
        (await scale.download(client.event(456), to, dask=dask, shard=shard)).raise_for_failures()


async def run_curl(urls: list[str], to: Path) -> None:
    await run(curl(urls, to))


async def run_wget2(urls: list[str], to: Path) -> None:
    await run(wget2(urls, to))


async def run(command: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise SystemExit(f"{command[0]} failed")


def compare(root: Path, origin: str, count: int, rounds: int) -> dict[str, float]:
    """Return the seconds of each contestant, the median of the rounds."""
    seconds: dict[str, list[float]] = {}
    urls = [f"{origin}/{path.name}" for path in sorted((root / "files").iterdir())]
    shard = max(count // 8, 1)
    with gallery(count, origin) as api, object_store() as store, cluster(1) as one, cluster(2) as two:
        for number in range(rounds):
            to = root / "got"
            found: dict[str, Contestant] = {
                "one process, disk": partial(one_process, api, to),
                "two workers, disk": partial(over_workers, api, str(to), two, shard),
                "curl -Z, disk": partial(run_curl, urls, to),
                "wget2, disk": partial(run_wget2, urls, to),
                "one worker, S3": partial(over_workers, api, f"{store}/one{number}", one, shard),
                "two workers, S3": partial(over_workers, api, f"{store}/two{number}", two, shard),
            }
            if shutil.which("wget2") is None:
                del found["wget2, disk"]
            for name, contestant in found.items():
                shutil.rmtree(to, ignore_errors=True)
                to.mkdir()
                begun = time.perf_counter()
                asyncio.run(contestant())
                seconds.setdefault(name, []).append(time.perf_counter() - begun)
    return {name: median(runs) for name, runs in seconds.items()}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB


async def plan(api: str, to: str) -> float:
    """Plan a whole event in two walks, read the plan again, and return the driver's peak MB over its base."""
    async with client_of(api) as client:
        photos = client.event(456).photos()
        await photos.first_page()
        base = peak_mb()
        for _ in range(2):
            planner = Planner(Place.open(to), 1000)
            await planner.read()
            async for _number in planner.extend(photos, Hours()):
                pass
            planner.close()
        return peak_mb() - base


def shard_cost(api: str, to: str, shards: int) -> tuple[float, float]:
    """Return the median milliseconds of a shard of 20 photos over its fetching, and of the fetching."""
    fetching: list[float] = []
    fetch = vars(shard_files)["run_into"]

    async def timed(*arguments: Any) -> Any:
        begun = time.perf_counter()
        try:
            return await fetch(*arguments)
        finally:
            fetching.append(time.perf_counter() - begun)

    os.environ[keys.VARIABLE] = "the-key"
    task = asyncio.run(prepare(api, to))
    over = []
    with patch.object(shard_files, "run_into", timed):
        for number in range(shards):
            begun = time.perf_counter()
            fetch_shard(evolve(task, shard=number))
            over.append(time.perf_counter() - begun - fetching[-1])
    return 1000 * median(over), 1000 * median(fetching)


async def prepare(api: str, to: str) -> Any:
    async with client_of(api) as client:
        event, place = client.event(456), Place.open(to)
        planner = Planner(place, 20)
        async for _ in planner.extend(event.photos(), Hours()):
            pass
        planner.close()
        return template(event, place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--planned", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="fewer files and one round")
    arguments = parser.parse_args()
    rounds, part = (1, 4) if arguments.quick else (arguments.rounds, 1)
    with tempfile.TemporaryDirectory(dir=TMPFS) as folder:
        root = Path(folder)
        with gallery(arguments.planned, "https://photos.example") as api:
            grown = asyncio.run(plan(api, str(root / "plan")))
        print(f"{arguments.planned:,} photos planned: the driver's peak grew by {grown:.0f} MB")
        with nginx(root) as origin:
            make_photos(root / "files", KIB, 600)
            with gallery(600, origin) as api:
                cost, fetching = shard_cost(api, str(root / "shards"), 30)
            print(f"a shard of 20 photos: {cost:.1f} ms over its fetching, which took {fetching:.1f} ms")
            for title, (size, count) in SIZES.items():
                count //= part
                make_photos(root / "files", size, count)
                seconds = compare(root, origin, count, rounds)
                print(f"{count} files of {title}:")
                for name, took in seconds.items():
                    ratio = seconds["one process, disk"] / took
                    print(f"  {name:<18} {ratio:5.2f} x one process {size * count / took / 1e6:8.1f} MB/s")


if __name__ == "__main__":
    main()
