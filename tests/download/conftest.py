from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import orjson
import pytest

from ninepic_async import DownloadReport, Event, NinePic, RetryPolicy
from ninepic_async.download.journal import FILE_NAME
from ninepic_async.download.run import download
from ninepic_async.download.settings import Settings

from .host import Host, serving

QUICK = RetryPolicy(attempts=3, initial_s=0.01, max_s=0.02)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with serving(Host()) as running:
        yield running


@pytest.fixture
async def event() -> AsyncIterator[Event]:
    """Return an event whose API gets no request."""
    async with NinePic("the-secret-key", 1, base_url="http://127.0.0.1:9", retry=QUICK) as client:
        yield client.event(1)


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "photos"


Fetch = Callable[..., Coroutine[Any, Any, DownloadReport]]


@pytest.fixture
def fetch(event: Event, to: Path) -> Fetch:
    """Return a download function with short timeouts: a host may be silent for 0.3 s."""

    async def run(source: Any, **settings: Any) -> DownloadReport:
        return await download(
            event._engine, event._sign, source, to, "large", Settings(stall_s=0.3, **settings)
        )

    return run


def files(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder, without the journal."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != FILE_NAME}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / FILE_NAME).read_bytes().splitlines()]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))
