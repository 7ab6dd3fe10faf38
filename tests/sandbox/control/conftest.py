from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import ManualClock, Sandbox

from .remote import Remote


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=120, clock=ManualClock(), control=True) as running:
        yield running


@pytest.fixture
def remote(sandbox: Sandbox, session: ClientSession) -> Remote:
    return Remote(sandbox, session)
