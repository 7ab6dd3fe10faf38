"""Fetch one shard, on a worker."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import anyio
import anyio.to_thread
from attrs import define, frozen

from ninepic_async._core.retry import RetryPolicy
from ninepic_async._core.throttle import RateLimit
from ninepic_async._http.options import HTTPOptions
from ninepic_async.client import NinePic
from ninepic_async.download.durable import FolderInUseError
from ninepic_async.download.journal import Row
from ninepic_async.download.run import run_into
from ninepic_async.download.settings import Settings
from ninepic_async.download.source import PhotoSource, Rendition, SourceFile, to_file
from ninepic_async.download.target_folder import Folder
from ninepic_async.errors import DownloadError
from ninepic_async.event import Event
from ninepic_async.models import ImageItem
from ninepic_async.pagination import page_again
from ninepic_async.scale import keys
from ninepic_async.scale.manifest import ManifestRow, read_manifest, write_manifest
from ninepic_async.scale.object_store import ObjectStore, last_rows
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import PlannedPhoto, read_plan

_LOCK_RETRY_S: Final = 1.0


@frozen(kw_only=True)
class ShardTask:
    """What a worker needs to fetch a shard. There is no secret in it.

    Attributes:
        place: the archive's folder or URL.
        shard: the shard's number; its plan file has the photos.
        base_url: where the API is.
        org_id: the organisation.
        event_id: the event.
        rendition: which rendition to fetch.
        rate_limit: this worker's share of the fleet's limit.
        lock_timeout_s: how long to wait for a shard that another worker holds.
        max_bytes: a larger file is refused.
        allow_private_addresses: as in `HTTPOptions`.
        allow_plain_http: as in `HTTPOptions`.
    """

    place: str
    shard: int
    base_url: str
    org_id: int
    event_id: int
    rendition: Rendition
    rate_limit: RateLimit | None
    lock_timeout_s: float
    max_bytes: int
    retry: RetryPolicy
    allow_private_addresses: bool
    allow_plain_http: bool


@frozen(kw_only=True)
class ShardOutcome:
    """How many photos of a shard are there, and how many are missing. For progress alone."""

    shard: int
    stored: int
    failed: int
    bytes: int


def fetch_shard(task: ShardTask) -> ShardOutcome:
    """Fetch a shard and write its manifest, in a loop of this thread's own.

    Raises:
        MissingKeyError: this worker knows no API key.
        DownloadError: the shard can't be stored, or another worker holds it.
    """
    keys.require()
    return anyio.run(_Shard(task).fetch)


@define
class _Shard:
    task: ShardTask

    async def fetch(self) -> ShardOutcome:
        task = self.task
        place = Place.open(task.place)
        planned = await read_plan(place, task.shard)
        http = HTTPOptions(
            allow_private_addresses=task.allow_private_addresses, allow_plain_http=task.allow_plain_http
        )
        async with NinePic(
            keys.known(),
            task.org_id,
            base_url=task.base_url,
            http=http,
            rate_limit=task.rate_limit,
            retry=task.retry,
        ) as client:
            event = client.event(task.event_id)
            source = PhotoSource(_with_links(event, planned, task.rendition), task.rendition, event._sign)
            stored = await self._store(place, planned, event, source)
        rows = await self._manifest(place, planned, stored)
        await write_manifest(place, task.shard, rows)
        done = [row for row in rows if row.status == "done"]
        return ShardOutcome(
            shard=task.shard,
            stored=len(done),
            failed=len(rows) - len(done),
            bytes=sum(row.bytes or 0 for row in done),
        )

    @property
    def _prefix(self) -> str:
        return f"{self.task.shard:06}/"

    async def _store(
        self, place: Place, planned: Sequence[PlannedPhoto], event: Event, source: PhotoSource
    ) -> _Stored:
        settings = Settings(max_bytes=self.task.max_bytes)
        if place.folder is not None:
            folder = place.folder / self._prefix
            await self._into_folder(folder, event, source, settings)
            with Folder(folder) as opened:
                rows = last_rows([row for _, row in opened.rows()])
            return _Stored(rows, {}, folder)
        files = [to_file(each.photo, self.task.rendition) for each in planned]
        store = ObjectStore(place, self._prefix, files)
        await store.list_present()
        there = last_rows([row for _, row in store.rows()])
        await run_into(store, source, event._engine, settings)
        return _Stored({**there, **last_rows(store.noted)}, store.hashes, None)

    async def _into_folder(self, folder: Path, event: Event, source: PhotoSource, settings: Settings) -> None:
        """Fetch into a folder, once no other worker holds it."""
        deadline = anyio.current_time() + self.task.lock_timeout_s
        while True:
            try:
                await run_into(Folder(folder), source, event._engine, settings)
            except FolderInUseError:
                if anyio.current_time() + _LOCK_RETRY_S > deadline:
                    raise DownloadError(
                        f"another worker has held this shard for {self.task.lock_timeout_s:g} s and may "
                        "hang: end it, and run again"
                    ) from None
                await anyio.sleep(_LOCK_RETRY_S)
            else:
                return

    async def _manifest(
        self, place: Place, planned: Sequence[PlannedPhoto], stored: _Stored
    ) -> list[ManifestRow]:
        known = {
            row.path: row.sha256
            for row in await read_manifest(place, self.task.shard, is_complete=False)
            if row.path is not None and row.sha256 is not None
        }
        rows = []
        for each in planned:
            row = stored.rows.get(to_file(each.photo, self.task.rendition).key)
            if row is None or row.state != "done":
                rows.append(self._row(each, status="failed", error=_why(row)))
                continue
            path = self._prefix + row.name
            sha256 = await stored.sha256(place, path, row.name, known.get(path))
            rows.append(self._row(each, status="done", path=path, bytes=row.bytes, sha256=sha256))
        return rows

    def _row(
        self,
        planned: PlannedPhoto,
        *,
        status: Literal["done", "failed"],
        path: str | None = None,
        bytes: int | None = None,  # noqa: A002 (the column's name)
        sha256: str | None = None,
        error: str | None = None,
    ) -> ManifestRow:
        return ManifestRow(
            event_id=self.task.event_id,
            image_id=planned.photo.image_id,
            path=path,
            bytes=bytes,
            sha256=sha256,
            width=planned.photo.width,
            height=planned.photo.height,
            hour=planned.hour,
            status=status,
            error=error,
        )


@frozen
class _Stored:
    """What became of a shard's photos, by key."""

    rows: Mapping[str, Row]
    hashes: Mapping[str, str]
    folder: Path | None

    async def sha256(self, place: Place, path: str, name: str, known: str | None) -> str | None:
        """Return a stored file's SHA-256: noted while it was uploaded, or computed from what is there."""
        if name in self.hashes:
            return self.hashes[name]
        if self.folder is not None:
            return await anyio.to_thread.run_sync(_file_sha256, self.folder / name)
        if known is not None:
            return known
        content = await place.read(path)
        return None if content is None else hashlib.sha256(content).hexdigest()


def _file_sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _why(row: Row | None) -> str:
    return "it was not fetched" if row is None or not row.error else row.error


async def _with_links(
    event: Event, planned: Sequence[PlannedPhoto], rendition: Rendition
) -> AsyncGenerator[ImageItem | SourceFile, None]:
    """Yield the photos. Links that expire are not in the plan, so they are looked up in the list again."""
    pager = event.photos()
    found: dict[str, ImageItem] = {}
    for each in planned:
        photo = each.photo
        url = photo.thumbnail_url if rendition == "thumbnail" else photo.img_url
        if rendition != "original" and not url:
            if photo.image_id not in found:
                size = (await pager.first_page()).pagination.page_size
                page = await page_again(pager, each.place // max(size, 1) + 1)
                found = {item.image_id: item for item in page.items}
            photo = found.get(photo.image_id, photo)
        yield photo
