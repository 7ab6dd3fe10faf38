"""From what people hand over to a stream of files to fetch: ids, names, links, and how those are renewed."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from time import monotonic
from typing import Any, Final, Literal

import anyio.lowlevel
from attrs import field, frozen

from ninepic_async._contract.endpoints import Originals
from ninepic_async.download.links import Calendar, Group, Link
from ninepic_async.download.names import UNSIGNED, extension_of, key_of, safe_name, stem, url_path
from ninepic_async.errors import BadRequestError, InvalidInputError, NinePicError, NotFoundError
from ninepic_async.models import Clip, FailedUrlItem, ImageItem, PresignedUrlItem
from ninepic_async.pagination import FaceSearch, Pager, behind, is_of_originals, page_again

Item = ImageItem | PresignedUrlItem | Clip
Rendition = Literal["large", "thumbnail"]
Source = Pager[ImageItem] | Pager[PresignedUrlItem] | FaceSearch | AsyncIterable[Item] | Iterable[Item]
SignIds = Callable[[Sequence[str]], Awaitable[Sequence[PresignedUrlItem]]]
"""Signs links to the originals with these ids."""

GROUP: Final = Originals.page_size_max
"""How many links of a plain list are signed again in one call."""
_READ_FOR_S: Final = 0.05


@frozen
class Wanted:
    """One photo of the source."""

    key: str
    id: str
    name: str
    link: Link


@frozen
class Unsigned:
    """An original that the service could not sign a link for."""

    key: str
    id: str
    name: str
    error: str


@frozen
class _Named:
    key: str
    id: str
    name: str
    url: str


def _named(item: object, rendition: Rendition) -> _Named:
    if isinstance(item, PresignedUrlItem):
        identity = stem(item.filename)
        name = item.filename if item.filename.strip() else extension_of(item.url, ".jpg")
        return _Named(
            key_of("original", item.filename, url_path(item.url)), identity, safe_name(name), item.url
        )
    if isinstance(item, ImageItem):
        url = item.img_url if rendition == "large" else item.thumbnail_url
        name = safe_name(item.image_id + extension_of(url, ".jpg"))
        return _Named(key_of(rendition, item.image_id), item.image_id, name, url)
    if isinstance(item, Clip):
        path = url_path(item.url)
        identity = item.video_id or stem(path.rpartition("/")[2])
        name = safe_name(identity + extension_of(item.url, ".mp4"))
        return _Named(key_of("clip", item.video_id or "", path), identity, name, item.url)
    raise InvalidInputError(
        f"source gave {type(item).__name__}: give ImageItem, PresignedUrlItem or Clip, or a Pager of them"
    )


@frozen
class Plan:
    """Reads a source as it is asked for more."""

    source: object
    rendition: Rendition
    sign_ids: SignIds
    calendar: Calendar = field(factory=Calendar)

    def wanted(self) -> AsyncGenerator[Wanted | Unsigned, None]:
        """Give the photos, in the source's order.

        Raises:
            InvalidInputError: the source is nothing that can be fetched.
            NinePicError: what the source itself raises.
        """
        source = self.source
        if isinstance(source, FaceSearch):
            source = behind(source)
        if isinstance(source, Pager):
            return self._of_pager(source)
        if isinstance(source, AsyncIterable):
            return self._of_items(_one_by_one(source))
        if isinstance(source, Iterable) and not isinstance(source, (str, bytes)):
            return self._of_items(_by_groups(source))
        raise InvalidInputError(
            f"source is {type(source).__name__}: give a Pager, or an iterable of ImageItem, "
            "PresignedUrlItem or Clip"
        )

    async def _of_pager(self, pager: Pager[Any]) -> AsyncGenerator[Wanted | Unsigned, None]:
        number = 0
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                number = page.pagination.current_page or number + 1
                group = Group(self._page_again(pager), number, self.calendar)
                # All of them first: they are signed again together.
                for photo in [_wanted(_named(item, self.rendition), group) for item in page.items]:
                    yield photo
                for failed in page.failed:
                    yield _unsigned(failed)

    async def _of_items(
        self, batches: AsyncGenerator[Sequence[object], None]
    ) -> AsyncGenerator[Wanted | Unsigned, None]:
        group = Group(self._ids_again, calendar=self.calendar)
        async with aclosing(batches):
            async for batch in batches:
                if group.renewed or len(group.links) + len(batch) > GROUP:
                    group = Group(self._ids_again, calendar=self.calendar)
                for photo in [self._photo(item, group) for item in batch]:
                    yield photo

    def _photo(self, item: object, group: Group) -> Wanted | Unsigned:
        if isinstance(item, FailedUrlItem):
            return _unsigned(item)
        # Of all links, only those to originals are signed by ids.
        return _wanted(_named(item, self.rendition), group if isinstance(item, PresignedUrlItem) else None)

    def _page_again(self, pager: Pager[Any]) -> Callable[[Group, Link], Awaitable[Mapping[str, str]]]:
        async def sign(group: Group, link: Link) -> Mapping[str, str]:
            try:
                page = await page_again(pager, group.number)
            except (BadRequestError, NotFoundError):
                # A selfie search may be forgotten by now. Its photos are not.
                if not is_of_originals(pager):
                    raise
                return await self._ids_again(group, link)
            found = {each.key: each.url for each in (_named(item, self.rendition) for item in page.items)}
            if link.key not in found and is_of_originals(pager):
                # The list has moved on since: the photo is on another page by now.
                with suppress(NinePicError):
                    found.update(await self._ids_again(group, link))
            return found

        return sign

    async def _ids_again(self, group: Group, link: Link) -> Mapping[str, str]:
        waiting = dict.fromkeys([link.id, *(other.id for other in group.waiting())])
        ids = list(filter(_can_be_asked_for, waiting))[:GROUP]
        if link.id not in ids:
            return {}
        found = [_named(item, self.rendition) for item in await self.sign_ids(ids)]
        by_key = {each.key: each.url for each in found}
        # A link from elsewhere may have had another path; then the id alone has to tell, if only one has it.
        many = Counter([each.id for each in found] + [other.id for other in group.links.values()])
        by_id = {each.id: each.url for each in found if many[each.id] == 2}
        urls = {key: by_key.get(key) or by_id.get(other.id) for key, other in group.links.items()}
        return {key: url for key, url in urls.items() if url is not None}


def _can_be_asked_for(identity: str) -> bool:
    """Whether an id, got from a file name, is one at all: a single one that is not would spoil the call."""
    return identity.strip() != "" and identity == identity.encode("utf-8", "ignore").decode()


def _wanted(found: _Named, group: Group | None) -> Wanted:
    link = (
        Link(found.key, found.id, found.url) if group is None else group.add(found.key, found.id, found.url)
    )
    return Wanted(found.key, found.id, found.name, link)


def _unsigned(item: FailedUrlItem) -> Unsigned:
    name = safe_name(item.image_id + extension_of(item.path or "", ".jpg"))
    return Unsigned(UNSIGNED + key_of(item.image_id), item.image_id, name, item.error)


async def _one_by_one(items: AsyncIterable[object]) -> AsyncGenerator[Sequence[object], None]:
    reading = aiter(items)
    try:
        number = 0
        async for item in reading:
            yield (item,)
            number += 1
            if number % GROUP == 0:
                await anyio.lowlevel.checkpoint()  # as below: the source need not have waited for anything
    finally:
        if isinstance(reading, AsyncGenerator):
            await reading.aclose()  # now: left to the garbage collector, it would go on asking meanwhile


async def _by_groups(items: Iterable[object]) -> AsyncGenerator[Sequence[object], None]:
    batch: list[object] = []
    begun = monotonic()
    try:
        for item in items:
            batch.append(item)
            # Whoever computes the items as they are asked for has the loop stand still meanwhile.
            if len(batch) == GROUP or monotonic() - begun > _READ_FOR_S:
                yield batch
                batch = []
                # What is on disk already is skipped without a wait: let the loop turn now and then.
                await anyio.lowlevel.checkpoint()
                begun = monotonic()
    except Exception:
        yield batch
        raise
    yield batch
