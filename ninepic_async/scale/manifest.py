"""Manifests: a row for each photo. A shard's manifest is written last, and marks that it ended."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Final, Literal

import anyio
import anyio.to_thread
import orjson
from attrs import asdict, fields, frozen

from ninepic_async._support.jsonl import parse_line
from ninepic_async.scale.place import Place

_NAME: Final = re.compile(r"manifest-(\d{6,})(\.open)?\.jsonl")
PARQUET: Final = "manifest.parquet"


@frozen(kw_only=True)
class ManifestRow:
    """One photo of an archive.

    Attributes:
        event_id: the event.
        image_id: the photo.
        path: its file, below the archive's place; None if it failed.
        bytes: the file's size.
        sha256: the file's SHA-256, in hexadecimal.
        width: as the service lists it, in pixels.
        height: as the service lists it, in pixels.
        hour: the UTC hour in which it was taken, such as ``2026-01-19T06``, if the timeline is on.
        bibs: the BIBs of the start list whose search finds it; None without a start list.
        status: ``done`` or ``failed``.
        error: why it failed.
    """

    event_id: int
    image_id: str
    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    hour: str | None = None
    bibs: tuple[str, ...] | None = None
    status: Literal["done", "failed"]
    error: str | None = None


@frozen(kw_only=True)
class ShardState:
    """How far a shard is.

    Attributes:
        is_complete: whether each of its photos is stored.
        is_open: whether a run has ended with some photos missing.
    """

    is_complete: bool = False
    is_open: bool = False


def manifest_name(shard: int, *, is_complete: bool) -> str:
    """Return the name of a shard's manifest."""
    return f"manifest-{shard:06}{'' if is_complete else '.open'}.jsonl"


async def shard_states(place: Place) -> dict[int, ShardState]:
    """Return the state of each shard that has a manifest."""
    states: dict[int, ShardState] = {}
    for name in await place.names():
        if match := _NAME.fullmatch(name):
            shard, is_open = int(match[1]), match[2] is not None
            before = states.get(shard, ShardState())
            states[shard] = ShardState(
                is_complete=before.is_complete or not is_open, is_open=before.is_open or is_open
            )
    return states


async def write_manifest(place: Place, shard: int, rows: Iterable[ManifestRow]) -> None:
    """Write a shard's manifest. It is complete if no row failed, and takes the place of an earlier one."""
    listed = list(rows)
    is_complete = all(row.status == "done" for row in listed)
    content = b"".join(orjson.dumps(_object(row)) + b"\n" for row in listed)
    await place.write(manifest_name(shard, is_complete=is_complete), content)
    if is_complete:
        await place.delete(manifest_name(shard, is_complete=False))


async def read_manifest(place: Place, shard: int, *, is_complete: bool) -> list[ManifestRow]:
    """Read a shard's manifest; an empty list if there is none."""
    content = await place.read(manifest_name(shard, is_complete=is_complete)) or b""
    found = [parse_line(line + b"\n") for line in content.splitlines()]
    return [_row(each) for each in found if each is not None]


def _object(row: ManifestRow) -> dict[str, Any]:
    return asdict(row)


def _row(found: dict[str, Any]) -> ManifestRow:
    known = {
        name: found.get(name) for name in ("path", "bytes", "sha256", "width", "height", "hour", "error")
    }
    bibs = found.get("bibs")
    return ManifestRow(
        event_id=found["event_id"],
        image_id=found["image_id"],
        status=found["status"],
        bibs=None if bibs is None else tuple(bibs),
        **known,
    )


async def write_parquet(place: Place, shards: Iterable[int]) -> None:
    """Write all rows into one Parquet file, if pyarrow is installed."""
    if find_spec("pyarrow") is None:
        return
    states = await shard_states(place)
    path = await anyio.to_thread.run_sync(_temporary_path)
    try:
        writer = await anyio.to_thread.run_sync(_ParquetFile, path)
        try:
            for shard in shards:
                if shard in states:
                    rows = await read_manifest(place, shard, is_complete=states[shard].is_complete)
                    await anyio.to_thread.run_sync(writer.write, rows)
        finally:
            writer.close()
        await place.write(PARQUET, await anyio.Path(path).read_bytes())
    finally:
        await anyio.Path(path).unlink(missing_ok=True)


def _temporary_path() -> str:
    descriptor, path = tempfile.mkstemp(suffix=".parquet")
    os.close(descriptor)
    return path


class _ParquetFile:
    """A Parquet file of manifest rows."""

    def __init__(self, path: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        text, whole = pa.string(), pa.int64()
        kinds: dict[str, Any] = {"event_id": whole, "bytes": whole, "bibs": pa.list_(text)}
        kinds |= dict.fromkeys(("width", "height"), pa.int32())
        self._schema = pa.schema([(each.name, kinds.get(each.name, text)) for each in fields(ManifestRow)])
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, rows: Iterable[ManifestRow]) -> None:
        """Add rows."""
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist([_object(row) for row in rows], schema=self._schema))

    def close(self) -> None:
        """End the file."""
        self._writer.close()
