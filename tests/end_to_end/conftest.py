from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from ninepic_async import Event, NinePic
from ninepic_async.sandbox import Dialect, ManualClock, Sandbox

from .clients import PHOTOS, client_of
from .tour import Participants, Tour, take_tour

T = TypeVar("T")


def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine apart from the loop of the test that asked for it first."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _participants() -> Participants:
    async with Sandbox(photos=PHOTOS) as sb:
        bib = sb.bibs[0]
        return Participants(bib, sb.selfie(bib), sb.stranger_selfie())


@pytest.fixture(scope="session")
def people() -> Participants:
    """Pictures that every sandbox of the same seed and size knows; drawn once."""
    return in_own_loop(_participants())


@pytest.fixture(scope="session")
def documented_tour(people: Participants) -> Tour:
    return in_own_loop(take_tour(Dialect(), people))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def sb(clock: ManualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=PHOTOS, clock=clock) as running:
        yield running


@pytest.fixture
async def client(sb: Sandbox) -> AsyncIterator[NinePic]:
    async with client_of(sb) as opened:
        yield opened


@pytest.fixture
def event(client: NinePic, sb: Sandbox) -> Event:
    return client.event(sb.event_id)
