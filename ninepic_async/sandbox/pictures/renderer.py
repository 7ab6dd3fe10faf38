"""Make and cache pictures in threads, so that the event loop stays free."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from ninepic_async.sandbox.event_photos import PhotoSource
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.pictures.cache import PictureCache
from ninepic_async.sandbox.pictures.factory import pictures_of
from ninepic_async.sandbox.pictures.interface import Pictures, Rendition

THREADS = 2


class Renderer:
    """Makes the pictures of all events when they are requested."""

    def __init__(self) -> None:
        self.threads: ThreadPoolExecutor = ThreadPoolExecutor(THREADS, thread_name_prefix="ninepic-sandbox")
        self._cache = PictureCache(self.threads)
        # The source is the key: a new seed has a new source; added or removed photos don't change it.
        self._pictures: WeakKeyDictionary[PhotoSource, Pictures] = WeakKeyDictionary()

    def close(self) -> None:
        """Stop the threads after their current work."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    def pictures(self, event: Event) -> Pictures:
        """Return the pictures of an event."""
        source = event.gallery.source
        known = self._pictures.get(source)
        return known or self._pictures.setdefault(source, pictures_of(event))

    async def photo(self, event: Event, index: int, rendition: Rendition) -> bytes:
        """Return a photo as a JPEG."""
        key = (event.gallery.source, rendition, index)
        return await self._cache.get(key, lambda: self.pictures(event).photo(index, rendition))

    async def cover(self, event: Event) -> bytes:
        """Return the event's cover as a JPEG."""
        return await self._cache.get((event.gallery.source, "cover"), lambda: self.pictures(event).cover())

    async def clip(self, event: Event, bib: str, place: int) -> bytes:
        """Return a runner's clip as an MP4."""
        key = (event.gallery.source, "clip", bib, place)
        return await self._cache.get(key, lambda: self.pictures(event).clip(bib, place))

    async def match(self, event: Event, selfie: bytes) -> tuple[str, ...]:
        """Return the BIBs of the people in an uploaded picture."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, lambda: self.pictures(event).match(selfie))
