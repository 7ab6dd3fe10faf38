"""Store a shard's photos as one tar file in the form of WebDataset: `000123.tar`.

A sample is two members with the same key: the photo, such as `a4402318.jpg`, and its metadata, such as
`a4402318.json`. A shard with failed photos is stored as `_open/000123.tar`, where readers don't look for it.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio.to_thread
import orjson
from attrs import asdict, define, field, frozen

from ninepic_async.download.journal import Row
from ninepic_async.download.names import split
from ninepic_async.download.run import run_into
from ninepic_async.download.target_folder import Folder
from ninepic_async.scale.manifest import ManifestRow
from ninepic_async.scale.object_store import last_rows
from ninepic_async.scale.plan import PlannedPhoto
from ninepic_async.scale.shard import Shard

_OPEN: Final = "_open"
_JSON: Final = ".json"
_SAMPLE_FIELDS: Final = ("event_id", "image_id", "width", "height", "hour", "sha256")
"""The fields of a sample's JSON. Their values never change."""


async def store_tar(shard: Shard) -> list[ManifestRow]:
    """Fetch a shard's photos into a tar file, and return the rows of its manifest.

    Raises:
        DownloadError: the tar file can't be stored.
    """
    name = f"{shard.number:06}.tar"
    open_name = f"{_OPEN}/{name}"
    with TemporaryDirectory(prefix="ninepic-", dir=shard.scratch) as scratch:
        earlier = Path(scratch) / "earlier.tar"
        # A tar file may exist without a manifest, if its worker died before it wrote the manifest.
        has_earlier = await shard.place.save(name, earlier) or await shard.place.save(open_name, earlier)
        samples = await anyio.to_thread.run_sync(_read, earlier) if has_earlier else {}
        folder = Path(scratch) / "photos"
        rows = await _fetch(shard, folder, samples)
        tar = Path(scratch) / name
        written = await anyio.to_thread.run_sync(_write, tar, shard, _Fetched(folder, rows, earlier, samples))
        is_complete = all(row.status == "done" for row in written)
        await shard.place.upload(name if is_complete else open_name, tar)
    if is_complete:
        await shard.place.delete(open_name)
    return written


async def _fetch(shard: Shard, folder: Path, samples: Mapping[str, _Sample]) -> Mapping[str, Row]:
    """Fetch the photos that no earlier run has stored."""
    missing = [each for each in shard.planned if each.photo.image_id not in samples]
    shard.counters.skipped = len(shard.planned) - len(missing)
    shard.counters.known = shard.counters.skipped
    await run_into(Folder(folder), shard.source(missing), shard.event._engine, shard.settings, shard.counters)
    with Folder(folder) as opened:
        return last_rows([row for _, row in opened.rows()])


@frozen
class _Sample:
    """A photo in the tar file of an earlier run."""

    extension: str
    size: int
    offset: int


@frozen
class _Fetched:
    """The photos of a shard: files that this run fetched, and samples of an earlier tar file."""

    folder: Path
    rows: Mapping[str, Row]
    earlier: Path
    samples: Mapping[str, _Sample]

    def read(self, shard: Shard, planned: PlannedPhoto) -> tuple[str, bytes] | Row | None:
        """Return a photo's extension and content, or its last row if the photo is missing."""
        if (sample := self.samples.get(planned.photo.image_id)) is not None:
            with self.earlier.open("rb") as file:
                file.seek(sample.offset)
                return sample.extension, file.read(sample.size)
        row = self.rows.get(shard.file(planned).key)
        if row is None or row.state != "done":
            return row
        return split(row.name)[1].lower(), (self.folder / row.name).read_bytes()


def _read(path: Path) -> dict[str, _Sample]:
    """Return the samples of a tar file, by image id."""
    found: dict[str, _Sample] = {}
    with tarfile.open(path) as tar:
        photo: tarfile.TarInfo | None = None
        for member in tar:
            if not member.name.endswith(_JSON):
                photo = member
            elif photo is not None and (note := tar.extractfile(member)) is not None:
                image_id = orjson.loads(note.read())["image_id"]
                found[image_id] = _Sample(split(photo.name)[1], photo.size, photo.offset_data)
    return found


def _write(path: Path, shard: Shard, fetched: _Fetched) -> list[ManifestRow]:
    """Write the photos that were fetched, in the plan's order. Return a row for each photo of the plan."""
    rows = []
    keys = _Keys()
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for planned in shard.planned:
            found = fetched.read(shard, planned)
            if not isinstance(found, tuple):
                rows.append(shard.failed(planned, found))
                continue
            extension, content = found
            key = keys.of(planned.photo.image_id)
            path_in_place = f"{shard.number:06}.tar/{key}{extension}"
            row = shard.done(planned, path_in_place, len(content), hashlib.sha256(content).hexdigest())
            rows.append(row)
            _add(tar, key + extension, content)
            _add(tar, key + _JSON, orjson.dumps(_metadata(asdict(row))))
    return rows


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _SAMPLE_FIELDS if row[name] is not None}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


@define
class _Keys:
    """Makes a unique key for each image id, without dots, which end a key, and slashes, which are folders."""

    _taken: set[str] = field(factory=set)

    def of(self, image_id: str) -> str:
        key = "".join(each if each.isalnum() or each in "-_" else "_" for each in image_id) or "_"
        free = next(each for each in _numbered(key) if each.casefold() not in self._taken)
        self._taken.add(free.casefold())
        return free


def _numbered(key: str) -> Iterable[str]:
    yield key
    number = 2
    while True:
        yield f"{key}~{number}"
        number += 1
