"""Finish a run: add BIBs to the manifests, write the Parquet file, and build the report, in one pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio.to_thread
from attrs import define, evolve, field

from ninepic_async.download.report import FailedDownload
from ninepic_async.scale.bibs import FoundBibs
from ninepic_async.scale.manifest import (
    ManifestRow,
    ShardState,
    manifest_name,
    read_manifest,
    shard_states,
    write_manifest,
)
from ninepic_async.scale.parquet import PARQUET, ParquetFile
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import Planner
from ninepic_async.scale.progress import Before
from ninepic_async.scale.report import FailedShard, ScaleReport


@define(eq=False)
class Finish:
    """One pass over the manifests of all shards, one manifest at a time."""

    place: Place
    planner: Planner
    before: Before
    bibs: FoundBibs | None
    _done: int = field(default=0, init=False)
    _skipped: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _failed: list[FailedDownload] = field(factory=list, init=False)

    async def run(self, failed_shards: dict[int, str]) -> ScaleReport:
        """Read all manifests, and return the report.

        Args:
            failed_shards: the number of each shard that failed, and the reason.
        """
        states = await shard_states(self.place)
        async with self._parquet() as parquet:
            for shard in self.planner.sizes:
                rows = await self._rows(shard, states.get(shard))
                self._count(shard, rows)
                if parquet is not None:
                    await anyio.to_thread.run_sync(parquet.write, rows)
        return ScaleReport(
            done=self._done,
            skipped=self._skipped,
            failed=tuple(self._failed),
            bytes=self._bytes,
            shards=len(self.planner.sizes),
            failed_shards=tuple(
                FailedShard(shard=each, error=why) for each, why in sorted(failed_shards.items())
            ),
        )

    async def _rows(self, shard: int, state: ShardState | None) -> list[ManifestRow]:
        """Return a shard's rows, with BIBs if there is a start list."""
        if state is None:
            return []
        if state.is_complete and state.is_open:  # a worker died before it deleted the open one, or was late
            await self.place.delete(manifest_name(shard, is_complete=False))
        rows = await read_manifest(self.place, shard, is_complete=state.is_complete)
        if self.bibs is None:
            return rows
        found = [evolve(row, bibs=self.bibs.of(row.image_id)) for row in rows]
        if found != rows:
            await write_manifest(self.place, shard, found)
        return found

    def _count(self, shard: int, rows: list[ManifestRow]) -> None:
        for row in rows:
            if row.status == "failed":
                self._failed.append(_failed(row))
            elif shard in self.before.complete or self.planner.was_stored(row.image_id):
                self._skipped += 1
            else:
                self._done += 1
                self._bytes += row.bytes or 0

    @asynccontextmanager
    async def _parquet(self) -> AsyncIterator[ParquetFile | None]:
        """Yield a Parquet file, and upload it at the end. Yield None if pyarrow is not installed."""
        if find_spec("pyarrow") is None:
            yield None
            return
        with TemporaryDirectory(prefix="ninepic-") as scratch:
            parquet = await anyio.to_thread.run_sync(ParquetFile, Path(scratch) / PARQUET)
            try:
                yield parquet
            finally:
                parquet.close()
            await self.place.upload(PARQUET, parquet.path)


def _failed(row: ManifestRow) -> FailedDownload:
    return FailedDownload(id=row.image_id, name=row.path or row.image_id, error=row.error or "")
