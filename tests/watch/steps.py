"""Run a watch over a gallery that changes each time the watch sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from ninepic_async import GalleryChange
from tests.watch.live_gallery import LiveGallery


def names(change: GalleryChange) -> list[str]:
    return [photo.image_id.removeprefix("photo-") for photo in change.added]


class Steps:
    """Runs a watch over a gallery that changes each time the watch sleeps."""

    def __init__(self, gallery: LiveGallery, change: Callable[[int], bool], since: str | None = None) -> None:
        self._gallery = gallery
        self._change = change
        self._since = since
        self.given: list[str] = []
        self.changes: list[GalleryChange] = []

    async def run(self, every: float = 60.0, waits: list[float] | None = None) -> Steps:
        sleep, count = self._gallery.clock.sleep, 0
        stop = asyncio.Event()

        async def change_and_sleep(seconds: float, /) -> None:
            nonlocal count
            if seconds < every:  # between two attempts of one call
                await sleep(seconds)
                return
            count += 1
            if waits is not None:
                waits.append(seconds)
            if not self._change(count):
                stop.set()
                await asyncio.Event().wait()
            await sleep(seconds)

        self._gallery.clock.sleep = change_and_sleep  # type: ignore[method-assign]
        reading = asyncio.ensure_future(self._read(every))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            reading.cancel()
            results = await asyncio.gather(reading, stopping, return_exceptions=True)
            self._gallery.clock.sleep = sleep  # type: ignore[method-assign]
        if isinstance(results[0], Exception):
            raise results[0]
        return self

    async def _read(self, every: float) -> None:
        async with aclosing(self._gallery.event().watch(since=self._since, every=every)) as changes:
            async for change in changes:
                self.changes.append(change)
                self.given += names(change)
