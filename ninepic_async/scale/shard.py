"""One shard on a worker: its photos as a source, and the rows of its manifest."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence, Set
from contextlib import aclosing

from attrs import define, field, frozen

from ninepic_async.download.journal import Row
from ninepic_async.download.progress import Counters
from ninepic_async.download.settings import Settings
from ninepic_async.download.source import PhotoSource, Rendition, SourceFile, to_file
from ninepic_async.event import Event
from ninepic_async.models import ImageItem
from ninepic_async.pagination import Pager, page_again
from ninepic_async.scale.manifest import ManifestRow
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import PlannedPhoto


@frozen(kw_only=True)
class Shard:
    """A shard that is being fetched.

    Attributes:
        number: the shard's number.
        place: the archive.
        planned: the shard's photos.
        event: the event; its client must be open.
        rendition: which rendition to fetch.
        max_bytes: the maximum size of a file, in bytes; larger files fail.
        lock_timeout_s: seconds to wait for a shard that another worker has locked.
        scratch: the folder for temporary files; None for the system's folder.
        counters: the counters to update.
        is_open: whether there is a manifest of an earlier run in which some photos failed.
    """

    number: int
    place: Place
    planned: Sequence[PlannedPhoto]
    event: Event
    rendition: Rendition
    max_bytes: int
    lock_timeout_s: float
    scratch: str | None = None
    counters: Counters = field(factory=Counters)
    is_open: bool = False

    @property
    def prefix(self) -> str:
        """The text before the name of each file of the shard."""
        return f"{self.number:06}/"

    @property
    def settings(self) -> Settings:
        """The settings for fetching the photos."""
        return Settings(max_bytes=self.max_bytes)

    def source(self, photos: Sequence[PlannedPhoto]) -> PhotoSource:
        """Return some of the shard's photos as a source."""
        links = _with_links(self.event, photos, self.rendition)
        return PhotoSource(links, self.rendition, self.event._sign)

    def file(self, planned: PlannedPhoto) -> SourceFile:
        """Return the file to fetch for a photo."""
        return to_file(planned.photo, self.rendition)

    def done(self, planned: PlannedPhoto, path: str, size: int | None, sha256: str | None) -> ManifestRow:
        """Return the row of a photo that is stored."""
        return self._row(planned, status="done", path=path, bytes=size, sha256=sha256)

    def failed(self, planned: PlannedPhoto, row: Row | None) -> ManifestRow:
        """Return the row of a photo that is missing."""
        error = "the photo was not fetched" if row is None or not row.error else row.error
        return self._row(planned, status="failed", error=error)

    def _row(self, planned: PlannedPhoto, **columns: object) -> ManifestRow:
        photo = planned.photo
        return ManifestRow(
            event_id=self.event.event_id,
            image_id=photo.image_id,
            width=photo.width,
            height=photo.height,
            hour=planned.hour,
            **columns,  # type: ignore[arg-type]
        )


async def _with_links(
    event: Event, planned: Sequence[PlannedPhoto], rendition: Rendition
) -> AsyncGenerator[ImageItem, None]:
    """Yield the photos with links. Look up signed links in the list again: the plan does not contain them."""
    lookup = LinkLookup(event.photos(), {each.photo.image_id for each in planned})
    for each in planned:
        url = each.photo.thumbnail_url if rendition == "thumbnail" else each.photo.img_url
        if rendition == "original" or url:
            yield each.photo
        else:
            yield await lookup.find(each) or each.photo


@define
class LinkLookup:
    """Finds photos in an event's list again: on their old page, then next to it, then in the whole list.

    Args:
        pager: the list.
        wanted: the ids of all photos that `find` may be called with.
    """

    _pager: Pager[ImageItem]
    _wanted: Set[str]
    _found: dict[str, ImageItem] = field(factory=dict, init=False)
    _pages_read: set[int] = field(factory=set, init=False)
    _page_size: int | None = field(default=None, init=False)
    _has_read_all: bool = field(default=False, init=False)

    async def find(self, planned: PlannedPhoto) -> ImageItem | None:
        """Return a photo with its current link, or None if the list no longer has the photo.

        Raises:
            NinePicError: the list can't be read.
        """
        image_id = planned.photo.image_id
        if image_id not in self._found and not self._has_read_all:
            if self._page_size is None:
                self._page_size = max((await self._pager.first_page()).pagination.page_size, 1)
            # Photos that were added or deleted earlier in the list have changed its index.
            page = planned.index // self._page_size + 1
            for number in (page, page - 1, page + 1):
                if image_id not in self._found:
                    await self._read_page(number)
            if image_id not in self._found:
                await self._read_all()
        return self._found.get(image_id)

    async def _read_page(self, number: int) -> None:
        if number >= 1 and number not in self._pages_read:
            self._pages_read.add(number)
            self._keep((await page_again(self._pager, number)).items)

    async def _read_all(self) -> None:
        """Read the whole list. This is done once at most."""
        self._has_read_all = True
        async with aclosing(self._pager.pages()) as pages:
            async for page in pages:
                self._keep(page.items)

    def _keep(self, items: Iterable[ImageItem]) -> None:
        self._found.update({item.image_id: item for item in items if item.image_id in self._wanted})
