"""A watch over a sandbox whose photos come and go, over real HTTP, in both faces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing

import pytest

import ninepic_async.sync
from ninepic_async import GalleryChange, NinePic
from ninepic_async.sandbox import Sandbox
from ninepic_async.testing import sandbox_in_thread

PHOTOS = 230
EVERY_S = 0.05
Take = Callable[[GalleryChange], bool]
"""Gets each change, and returns whether to go on."""
Face = Callable[[Sandbox, str | None, Take], None]


def with_asyncio(sandbox: Sandbox, since: str | None, take: Take) -> None:
    async def run() -> None:
        async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
            watch = client.event(sandbox.event_id).watch(since=since, every=EVERY_S)
            async with aclosing(watch) as changes:
                async for change in changes:
                    if not take(change):
                        break

    asyncio.run(run())


def with_blocking(sandbox: Sandbox, since: str | None, take: Take) -> None:
    with ninepic_async.sync.NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
        for change in client.event(sandbox.event_id).watch(since=since, every=EVERY_S):
            if not take(change):
                break


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with sandbox_in_thread(photos=PHOTOS, control=True) as running:
        yield running


@pytest.mark.parametrize("face", [with_asyncio, with_blocking])
def test_photos_come_and_go_over_restarts(sandbox: Sandbox, face: Face) -> None:
    given: list[str] = []
    cursors: list[str] = []
    expected = [sandbox.event.gallery.photo(place).image_id for place in range(PHOTOS)]

    def take(change: GalleryChange) -> bool:
        given.extend(photo.image_id for photo in change.added)
        cursors.append(change.cursor)
        assert len(change.cursor) < 4_000
        if len(given) == PHOTOS:
            expected.extend(sandbox.add_photos(3))  # while it runs
        return len(given) < len(expected)

    face(sandbox, "start", take)
    assert given == expected[:PHOTOS] + given[PHOTOS:]
    for timed in (True, False):
        sandbox.remove_photos(expected[:7] if timed else expected[7:9])
        expected.extend(sandbox.add_photos(10, timed=timed))  # while it does not run
        face(sandbox, cursors[-1], take)
    assert sorted(given) == sorted(expected)
