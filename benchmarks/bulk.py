"""Compare the bulk fetch with curl, wget2 and a plain httpx loop: one nginx, one tmpfs, the same rounds.

    python benchmarks/bulk.py [--rounds 5] [--quick]

Print the speed of each as a ratio to ``curl -Z`` in the same round (median of the rounds), and its peak MB.
Needs nginx and curl. Without wget2 or httpx, their rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

AT_ONCE = 16
KIB = 1024
SIZES = {"1 KiB": (KIB, 10_000), "200 KiB": (200 * KIB, 4000), "4 MiB": (4096 * KIB, 240)}
TMPFS = "/dev/shm" if Path("/dev/shm").is_dir() else None
CONFIG = """
daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; types {{ image/jpeg jpg; }}
  client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root};
  uwsgi_temp_path {root}; scgi_temp_path {root};
  server {{ listen 127.0.0.1:{port}; root {root}/files; }}
}}
"""


@contextmanager
def nginx(root: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = root / "nginx.conf"
    config.write_text(CONFIG.format(root=root, port=port))
    if os.geteuid() == 0:
        config.write_text("user root;" + config.read_text())
    server = subprocess.Popen(["nginx", "-c", str(config), "-e", str(root / "error.log")])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def curl(urls: list[str], to: Path) -> list[str]:
    config = to.with_suffix(".curl")
    config.write_text("".join(f'url = "{url}"\noutput = "{to}/{url.rsplit("/", 1)[1]}"\n' for url in urls))
    return [
        "curl",
        "-sZ",
        "--no-progress-meter",
        "--parallel-max",
        str(AT_ONCE),
        "--parallel-immediate",
        "-K",
        str(config),
    ]


def wget2(urls: list[str], to: Path) -> list[str]:
    listed = to.with_suffix(".wget2")
    listed.write_text("\n".join(urls))
    return ["wget2", "-q", "--no-http2", f"--max-threads={AT_ONCE}", "-P", str(to), "-i", str(listed)]


def _python(what: str, urls: list[str], to: Path) -> list[str]:
    listed = to.with_suffix("." + what)
    listed.write_text("\n".join(urls))
    return [sys.executable, __file__, "--as", what, str(listed), str(to)]


def ours(urls: list[str], to: Path) -> list[str]:
    return _python("ours", urls, to)


def plain_httpx(urls: list[str], to: Path) -> list[str]:
    return _python("httpx", urls, to)


async def run_ours(urls: list[str], to: Path) -> None:
    from ninepic_async import HTTPOptions, ImageItem, NinePic

    items = (ImageItem(image_id=Path(url).stem, img_url=url, thumbnail_url=url) for url in urls)
    async with NinePic("key", 1, http=HTTPOptions(allow_private_addresses=True)) as client:
        (await client.event(1).download(items, to, concurrency=AT_ONCE)).raise_for_failures()


async def run_httpx(urls: list[str], to: Path) -> None:
    import asyncio

    httpx: Any = import_module("httpx")  # not one of our dependencies
    left = iter(urls)

    async def work(client: Any) -> None:
        for url in left:
            (to / url.rsplit("/", 1)[1]).write_bytes((await client.get(url)).content)

    async with httpx.AsyncClient() as client:
        await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))


def child(what: str, listed: str, to: str) -> None:
    """Fetch, and print the seconds without the imports, which do not matter in a long run."""
    import asyncio

    run = {"ours": run_ours, "httpx": run_httpx}[what]
    import_module({"ours": "ninepic_async.download.run", "httpx": "httpx"}[what])
    started = time.perf_counter()
    asyncio.run(run(Path(listed).read_text().split(), Path(to)))
    print(json.dumps(time.perf_counter() - started))


def measured(command: list[str], to: Path) -> tuple[float, float]:
    """Run a command; return its seconds and peak MB."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with {process.returncode}")
    return (json.loads(printed) if printed.strip() else seconds), usage.ru_maxrss / KIB


Contestant = Callable[[list[str], Path], list[str]]


def contestants() -> dict[str, Contestant]:
    found: dict[str, Contestant] = {"curl -Z": curl}
    if shutil.which("wget2"):
        found["wget2"] = wget2
    if find_spec("httpx"):
        found["httpx loop"] = plain_httpx
    found["event.download"] = ours
    return found


def compare(root: Path, origin: str, size: int, count: int, rounds: int) -> None:
    files = root / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    body = b"\xff\xd8\xff" + random.Random(0).randbytes(size - 3)
    for place in range(count):
        (files / f"{place:05}.jpg").write_bytes(body)
    urls = [f"{origin}/{path.name}" for path in sorted(files.iterdir())]
    results: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name, command in contestants().items():
            to = root / "got"
            results.setdefault(name, []).append(measured(command(urls, to), to))
            assert len([path for path in to.iterdir() if path.suffix == ".jpg"]) == count
    for name, runs in results.items():
        ratios = [base[0] / run[0] for base, run in zip(results["curl -Z"], runs, strict=True)]
        speed = size * count / median(run[0] for run in runs) / 1e6
        memory = max(run[1] for run in runs)
        print(
            f"  {name:<16} {median(ratios):5.2f} x curl {speed:7.0f} MB/s, peak {memory:4.0f} MB", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer files")
    parser.add_argument("--as", nargs=3, dest="child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with (
        tempfile.TemporaryDirectory(dir=TMPFS) as folder,
        nginx(Path(folder)) as origin,
    ):
        for title, (size, count) in SIZES.items():
            print(f"{count} files of {title}, {AT_ONCE} at once:")
            compare(Path(folder), origin, size, count // (4 if arguments.quick else 1), arguments.rounds)


if __name__ == "__main__":
    main()
