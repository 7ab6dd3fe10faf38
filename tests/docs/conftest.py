from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ninepic_async.sandbox import Sandbox
from tests.docs.examples import BIB


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox that the environment leads to, and a selfie and a folder of photos in the current folder."""
    async with Sandbox(photos=60, clip_seconds=0.0) as running:
        monkeypatch.setenv("NINEPIC_API_KEY", running.api_key)
        monkeypatch.setenv("NINEPIC_ORG_ID", str(running.org_id))
        monkeypatch.setenv("NINEPIC_BASE_URL", running.base_url)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "photos").mkdir()
        for name in ("selfie.jpg", "photos/finish.jpg"):
            (tmp_path / name).write_bytes(running.selfie(BIB))
        log = logging.getLogger("ninepic_async")
        level = log.level
        yield running
        log.setLevel(level)
