from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import ManualClock, Sandbox

from .raw_client import Api


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=120, clock=ManualClock()) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


@pytest.fixture
def api(sandbox: Sandbox, session: ClientSession) -> Api:
    return Api(sandbox, session)
