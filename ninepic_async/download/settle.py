"""Whole files get their names: on disk first, then renamed, then written into the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream
from attrs import frozen

from ninepic_async._redact import mask_queries
from ninepic_async.download.fetch import GivenUpError, Job
from ninepic_async.download.folder import Folder, UnwritableError
from ninepic_async.download.journal import Row
from ninepic_async.download.meter import Meter
from ninepic_async.download.part import Part
from ninepic_async.download.plan import Unsigned
from ninepic_async.download.records import FailedDownload

AT_ONCE: Final = 64
"""Files that may wait to be settled. One thread call serves all that wait: a call for each file would cost
more than writing it."""

_GATHER_S: Final = 0.005
"""Let a few gather, where they come fast."""

Whole = tuple[Job, Part]


@frozen
class Settler:
    """Takes files off the workers' hands, whole or given up."""

    folder: Folder
    meter: Meter

    async def run(self, whole: MemoryObjectReceiveStream[Whole]) -> None:
        """Settle files until no more come.

        Raises:
            DownloadError: the disk does not take them.
        """
        async for first in whole:
            batch = [first]
            while len(batch) < AT_ONCE and whole.statistics().current_buffer_used:
                batch.append(whole.receive_nowait())
            todo = [part for _, part in batch]
            troubles: dict[int, OSError] = {}
            try:
                await anyio.to_thread.run_sync(_settle, todo, troubles, abandon_on_cancel=True)
            finally:
                # Cancelled: the thread ends with the file it is at.
                close_all(todo)
            self._name(batch, troubles)
            await anyio.sleep(_GATHER_S)

    def given_up(self, job: Job, error: GivenUpError) -> None:
        """Note that a photo can't be had, and what there is of it."""
        job.link.settled = True
        part = error.part
        resumable = part is not None and part.resume_at is not None
        row = Row(
            key=job.key,
            id=job.id,
            name=job.name,
            state="failed",
            error=str(error),
            bytes=part.total if part is not None and resumable else None,
            validator=part.validator if part is not None and resumable else None,
        )
        self._failed(row)

    def unsigned(self, photo: Unsigned) -> None:
        """Note that there is no link to a photo."""
        self._failed(Row(key=photo.key, id=photo.id, name=photo.name, state="failed", error=photo.error))

    def _failed(self, row: Row) -> None:
        error = mask_queries(row.error or "")
        self.meter.failed.append(FailedDownload(id=row.id, name=row.name, error=error))
        self.folder.note(row)

    def _name(self, batch: Sequence[Whole], troubles: dict[int, OSError]) -> None:
        rows = []
        try:
            for job, part in batch:
                try:
                    if id(part) in troubles:
                        raise self.folder.trouble(troubles[id(part)], job.name)
                    self.folder.finish(job.name)
                except UnwritableError as error:
                    self.folder.discard(job.name)
                    self.given_up(job, GivenUpError(str(error)))
                    continue
                job.link.settled = True
                rows.append(Row(key=job.key, id=job.id, name=job.name, state="done", bytes=part.size))
                self.meter.done += 1
                self.meter.bytes_whole += part.size
        finally:
            self.folder.note(*rows)


def close_all(parts: list[Part]) -> None:
    """Close files that nobody settles any more."""
    while parts:
        parts.pop().close()


def _settle(todo: list[Part], troubles: dict[int, OSError]) -> None:
    while True:
        try:
            part = todo.pop()
        except IndexError:
            return
        try:
            part.settle()
        except OSError as error:
            troubles[id(part)] = error
