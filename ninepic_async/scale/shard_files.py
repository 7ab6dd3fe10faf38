"""Store a shard's photos as files, in a folder or an object store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from attrs import frozen

from ninepic_async.download.durable import FolderInUseError
from ninepic_async.download.journal import Row
from ninepic_async.download.run import run_into
from ninepic_async.download.target_folder import Folder
from ninepic_async.errors import DownloadError
from ninepic_async.scale.manifest import ManifestRow, read_manifest
from ninepic_async.scale.object_store import ObjectStore, last_rows
from ninepic_async.scale.shard import Shard

_LOCK_RETRY_S: Final = 1.0


async def store_files(shard: Shard) -> list[ManifestRow]:
    """Fetch a shard's photos, one file for each photo, and return the rows of its manifest.

    Raises:
        DownloadError: the photos can't be stored, or another worker has locked the shard.
    """
    stored = await (_into_folder(shard) if shard.place.folder is not None else _into_object_store(shard))
    open_rows = await read_manifest(shard.place, shard.number, is_complete=False) if shard.is_open else []
    known = {row.path: row.sha256 for row in open_rows if row.path is not None}
    rows = []
    for each in shard.planned:
        row = stored.rows.get(shard.file(each).key)
        if row is None or row.state != "done":
            rows.append(shard.failed(each, row))
            continue
        path = shard.prefix + row.name
        sha256 = await stored.sha256(shard, path, row.name, known.get(path))
        rows.append(shard.done(each, path, row.bytes, sha256))
    return rows


@frozen
class _Stored:
    """The result of fetching a shard: the last row of each photo, and the hash of each file."""

    rows: Mapping[str, Row]
    hashes: Mapping[str, str]

    async def sha256(self, shard: Shard, path: str, name: str, known: str | None) -> str | None:
        """Return a stored file's SHA-256: from its upload, from an earlier run, or computed now."""
        sha256 = self.hashes.get(name) or known
        if sha256 is not None or shard.place.folder is not None:
            return sha256
        content = await shard.place.read(path)
        return None if content is None else hashlib.sha256(content).hexdigest()


async def _into_folder(shard: Shard) -> _Stored:
    """Fetch into a folder. Wait while another worker has locked it."""
    folder = (shard.place.folder or Path()) / shard.prefix
    deadline = anyio.current_time() + shard.lock_timeout_s
    while True:
        try:
            source = shard.source(shard.planned)
            await run_into(Folder(folder), source, shard.event._engine, shard.settings, shard.counters)
        except FolderInUseError:
            if anyio.current_time() + _LOCK_RETRY_S > deadline:
                raise DownloadError(
                    f"another worker has locked this shard for {shard.lock_timeout_s:g} s and may hang: "
                    "stop that worker, and run again"
                ) from None
            await anyio.sleep(_LOCK_RETRY_S)
        else:
            break
    return await anyio.to_thread.run_sync(_in_folder, folder)


async def _into_object_store(shard: Shard) -> _Stored:
    store = ObjectStore(shard.place, shard.prefix, [shard.file(each) for each in shard.planned])
    await store.list_present()
    earlier = last_rows([row for _, row in store.rows()])
    source = shard.source(shard.planned)
    await run_into(store, source, shard.event._engine, shard.settings, shard.counters)
    return _Stored({**earlier, **last_rows(store.noted)}, store.hashes)


def _in_folder(folder: Path) -> _Stored:
    """Read the rows and hashes of a folder. One call in a thread is faster than one for each file."""
    with Folder(folder) as opened:
        rows = last_rows([row for _, row in opened.rows()])
    hashes = {}
    for row in rows.values():
        if row.state == "done":
            with suppress(OSError), (folder / row.name).open("rb") as file:
                hashes[row.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return _Stored(rows, hashes)
