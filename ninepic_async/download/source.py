"""Convert a source of photos, links or clips into files to fetch, each with a key, a name and a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from time import monotonic
from typing import Any, Final, Literal, Protocol, runtime_checkable

import anyio.lowlevel
from attrs import define, field, frozen

from ninepic_async.download import identity
from ninepic_async.download.journal import Listed
from ninepic_async.download.known_files import UNSIGNED
from ninepic_async.download.links import ExpiryClock, Link, LinkGroup, Sign
from ninepic_async.download.names import safe_name, stem
from ninepic_async.errors import BadRequestError, InvalidInputError, NinePicError, NotFoundError
from ninepic_async.models import Clip, FailedUrlItem, ImageItem, PresignedUrlItem
from ninepic_async.pagination import FaceSearch, Pager, is_of_originals, page_again, pager_of
from ninepic_async.signing import IDS_PER_REQUEST, OriginalsByIds, Signed

Item = ImageItem | PresignedUrlItem | Clip
Rendition = Literal["large", "thumbnail", "original"]
Source = Pager[ImageItem] | Pager[PresignedUrlItem] | FaceSearch | AsyncIterable[Item] | Iterable[Item]


@runtime_checkable
class _HasFiles(Protocol):
    def __ninepic_files__(self) -> Iterable[ImageItem | Clip]: ...


SignIds = Callable[[Sequence[str]], Awaitable[Signed]]
"""Signs links to the originals with these ids, at most `IDS_PER_REQUEST` of them."""

_READ_FOR_S: Final = 0.05
"""The longest time to read a plain iterable without a pause: computing its items blocks the event loop."""


@define(eq=False)
class SourceFile:
    """One file of the source.

    Attributes:
        key: identifies the photo in later runs.
        id: the photo's id.
        name: the wanted file name.
        url: the file's link; None for an original whose link is not signed yet.
        group: the links that were signed together with it, if it can be signed again.
        listed: the photo's position in a list of the service, if known.
    """

    key: str
    id: str
    name: str
    url: str | None = field(repr=False)
    group: LinkGroup | None = None
    listed: Listed | None = None

    def link(self) -> Link:
        """Return the file's link, as a member of its group."""
        url = self.url or ""
        if self.group is None:
            return Link(self.key, self.id, url)
        return self.group.add(self.key, self.id, url)


@frozen
class UnsignedFile:
    """An original that the service could not sign a link for."""

    key: str
    id: str
    name: str
    error: str


def check_rendition(rendition: object) -> None:
    """Check the argument ``rendition``.

    Raises:
        InvalidInputError: it is not one of the three renditions.
    """
    if rendition not in ("large", "thumbnail", "original"):
        raise InvalidInputError(f"rendition={rendition!r}: give 'large', 'thumbnail' or 'original'")


Files = list[SourceFile | UnsignedFile]


def unsigned(item: FailedUrlItem) -> UnsignedFile:
    """Return the file of an original without a link."""
    name = safe_name(item.image_id + identity.extension_of(item.path or "", ".jpg"))
    return UnsignedFile(UNSIGNED + identity.photo_key(item.image_id), item.image_id, name, item.error)


def to_file(item: object, rendition: Rendition) -> SourceFile:
    """Return the file of an item.

    Raises:
        InvalidInputError: the item is not a photo, link or clip.
    """
    if isinstance(item, ImageItem):
        return _photo(item, rendition)
    if isinstance(item, PresignedUrlItem):
        name = item.filename if item.filename.strip() else identity.extension_of(item.url, ".jpg")
        key = identity.original_key(item.filename, item.url)
        return SourceFile(key, stem(item.filename), safe_name(name), item.url)
    if isinstance(item, Clip):
        path = identity.url_path(item.url)
        clip_id = item.video_id or stem(path.rpartition("/")[2])
        name = safe_name(clip_id + identity.extension_of(item.url, ".mp4"))
        return SourceFile(identity.photo_key("clip", item.video_id or "", path), clip_id, name, item.url)
    raise InvalidInputError(
        f"source gave {type(item).__name__}: give ImageItem, PresignedUrlItem or Clip, or a Pager of them"
    )


def _photo(item: ImageItem, rendition: Rendition) -> SourceFile:
    if rendition == "original":
        key = identity.original_key_of_id(item.image_id)
        return SourceFile(key, item.image_id, safe_name(item.image_id + ".jpg"), None)
    url = item.img_url if rendition == "large" else item.thumbnail_url
    name = safe_name(item.image_id + identity.extension_of(url, ".jpg"))
    return SourceFile(identity.photo_key(rendition, item.image_id), item.image_id, name, url)


@frozen
class PhotoSource:
    """Reads a source in pages or small batches, and not faster than its files are fetched."""

    source: object
    rendition: Rendition
    sign_ids: SignIds
    clock: ExpiryClock = field(factory=ExpiryClock)

    def batches(self) -> AsyncGenerator[Files, None]:
        """Yield the files, in the source's order.

        Raises:
            InvalidInputError: the source has no photos, links or clips.
            NinePicError: an error of the source itself.
        """
        source = self.source
        if isinstance(source, FaceSearch):
            source = pager_of(source)
        if isinstance(source, _HasFiles):  # a `Memories`: iterating over it yields no clips
            source = source.__ninepic_files__()
        if isinstance(source, Pager):
            return self._of_pager(source)
        if isinstance(source, AsyncIterable):
            return self._of_items(_one_by_one(source))
        if isinstance(source, Iterable) and not isinstance(source, (str, bytes)):
            return self._of_items(_in_batches(source))
        raise InvalidInputError(
            f"source is {type(source).__name__}: give a Pager, or an iterable of ImageItem, "
            "PresignedUrlItem or Clip"
        )

    async def sign(self, files: Sequence[SourceFile]) -> Files:
        """Sign links to originals, at most `IDS_PER_REQUEST` of them.

        Raises:
            NinePicError: they can't be signed.
        """
        if not files:
            return []
        signed = await self.sign_ids([file.id for file in files])
        group = LinkGroup(self._sign_ids_again, clock=self.clock)
        by_id = {stem(link.filename): link for link in signed.links}
        if len(files) == len(signed.links) == 1:
            by_id = {files[0].id: signed.links[0]}
        found: Files = [unsigned(item) for item in signed.failed]
        missing = {item.image_id for item in signed.failed}
        for file in files:
            if file.id in by_id:
                file.url, file.group = by_id[file.id].url, group
                file.name = safe_name(by_id[file.id].filename)
                found.append(file)
            elif file.id not in missing:
                error = "the service gave no link for this id"
                found.append(UnsignedFile(UNSIGNED + file.key, file.id, file.name, error))
        return found

    async def _of_pager(self, pager: Pager[Any]) -> AsyncGenerator[Files, None]:
        number, place = 0, 0
        name = identity.list_name(pager._listing)
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                number = page.pagination.current_page or number + 1
                group = LinkGroup(self._sign_page_again(pager), number, self.clock)
                files = _with_unique_keys([to_file(item, self.rendition) for item in page.items], page.items)
                for file in files:
                    file.group, file.listed = group, Listed(list=name, place=place)
                    place += 1
                yield [*files, *map(unsigned, page.failed)]

    async def _of_items(self, batches: AsyncGenerator[Sequence[object], None]) -> AsyncGenerator[Files, None]:
        group = LinkGroup(self._sign_ids_again, clock=self.clock)
        async with aclosing(batches):
            async for batch in batches:
                if group.renewed or len(group.links) + len(batch) > IDS_PER_REQUEST:
                    group = LinkGroup(self._sign_ids_again, clock=self.clock)
                yield [self._file(item, group) for item in batch]

    def _file(self, item: object, group: LinkGroup) -> SourceFile | UnsignedFile:
        if isinstance(item, FailedUrlItem):
            return unsigned(item)
        file = to_file(item, self.rendition)
        if isinstance(item, PresignedUrlItem):  # only links to originals can be signed by id
            file.group = group
        return file

    def _sign_page_again(self, pager: Pager[Any]) -> Sign:
        async def sign(group: LinkGroup, link: Link) -> Mapping[str, str]:
            try:
                page = await page_again(pager, group.number)
            except (BadRequestError, NotFoundError):
                # The service may have deleted a selfie search, but not its photos.
                if not is_of_originals(pager):
                    raise
                return await self._sign_ids_again(group, link)
            files = _with_unique_keys([to_file(item, self.rendition) for item in page.items], page.items)
            found = {file.key: file.url for file in files if file.url is not None}
            if link.key not in found and is_of_originals(pager):
                # The list has changed, and the photo is on another page now.
                with suppress(NinePicError):
                    found.update(await self._sign_ids_again(group, link))
            return found

        return self._sign_ids_again if isinstance(pager, OriginalsByIds) else sign

    async def _sign_ids_again(self, group: LinkGroup, link: Link) -> Mapping[str, str]:
        waiting = dict.fromkeys([link.id, *(other.id for other in group.waiting())])
        ids = list(filter(_can_be_id, waiting))[:IDS_PER_REQUEST]
        if link.id not in ids:
            return {}
        found = [to_file(item, "large") for item in (await self.sign_ids(ids)).links]
        by_key = {file.key: file.url for file in found}
        # The caller's link may have another key. Then compare its id, if only this photo has it.
        many = Counter([file.id for file in found] + [other.id for other in group.links.values()])
        by_id = {file.id: file.url for file in found if many[file.id] == 2}
        urls = {key: by_key.get(key) or by_id.get(other.id) for key, other in group.links.items()}
        return {key: url for key, url in urls.items() if url is not None}


def _with_unique_keys(files: list[SourceFile], items: Sequence[object]) -> list[SourceFile]:
    """Give the files of a page different keys: the service does not list the same photo twice."""
    taken = Counter(file.key for file in files)
    if len(taken) < len(files):
        for file, item in zip(files, items, strict=True):
            if taken[file.key] > 1 and isinstance(item, PresignedUrlItem):
                file.key = identity.exact_key(item.filename, item.url)
    return files


def _can_be_id(text: str) -> bool:
    """Return whether the stem of a file name can be an id."""
    return text.strip() != "" and text == text.encode("utf-8", "ignore").decode()


async def _one_by_one(items: AsyncIterable[object]) -> AsyncGenerator[Sequence[object], None]:
    reading = aiter(items)
    try:
        number = 0
        async for item in reading:
            yield (item,)
            number += 1
            if number % IDS_PER_REQUEST == 0:
                await anyio.lowlevel.checkpoint()  # the source may never wait for anything
    finally:
        if isinstance(reading, AsyncGenerator):
            await reading.aclose()  # now, and not at a later garbage collection


async def _in_batches(items: Iterable[object]) -> AsyncGenerator[Sequence[object], None]:
    batch: list[object] = []
    begun = monotonic()
    try:
        for item in items:
            batch.append(item)
            if len(batch) == IDS_PER_REQUEST or monotonic() - begun > _READ_FOR_S:
                yield batch
                batch = []
                # Let other tasks run: finished files are skipped without any wait.
                await anyio.lowlevel.checkpoint()
                begun = monotonic()
    except Exception:
        yield batch
        raise
    yield batch
