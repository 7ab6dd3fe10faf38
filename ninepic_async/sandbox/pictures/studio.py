"""Where pictures are made for the two ports: in threads, so that the loop stays free, and once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.pictures.base import Pictures, Rendition, pictures_of
from ninepic_async.sandbox.pictures.cache import PictureCache

THREADS = 2


class Studio:
    """All events' pictures, made when asked for."""

    def __init__(self) -> None:
        self.threads: ThreadPoolExecutor = ThreadPoolExecutor(THREADS, thread_name_prefix="ninepic-sandbox")
        self._cache = PictureCache(self.threads)
        # By the event itself: one that begins anew under the same number has other pictures.
        self._pictures: WeakKeyDictionary[Event, Pictures] = WeakKeyDictionary()

    def close(self) -> None:
        """Take no more work."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    def pictures(self, event: Event) -> Pictures:
        """One event's pictures."""
        known = self._pictures.get(event)
        return known or self._pictures.setdefault(event, pictures_of(event))

    async def photo(self, event: Event, index: int, rendition: Rendition) -> bytes:
        """A photo as a JPEG."""
        key = (event, rendition, index)
        return await self._cache.get(key, lambda: self.pictures(event).photo(index, rendition))

    async def cover(self, event: Event) -> bytes:
        """The event's cover picture."""
        return await self._cache.get((event, "cover"), lambda: self.pictures(event).cover())

    async def clip(self, event: Event, bib: str, place: int) -> bytes:
        """A runner's clip as an MP4."""
        key = (event, "clip", bib, place)
        return await self._cache.get(key, lambda: self.pictures(event).clip(bib, place))

    async def match(self, event: Event, selfie: bytes) -> tuple[str, ...]:
        """The BIBs of those in an uploaded picture."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, lambda: self.pictures(event).match(selfie))
