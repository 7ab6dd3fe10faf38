"""Whole files get their names: on disk first, then renamed, then written into the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import anyio
import anyio.to_thread
from attrs import field, frozen

from ninepic_async._support.redact import mask_queries
from ninepic_async.download.fetch import GivenUpError, Job
from ninepic_async.download.journal import Row
from ninepic_async.download.partial_file import Part
from ninepic_async.download.progress import Meter
from ninepic_async.download.report import FailedDownload
from ninepic_async.download.source import Unsigned
from ninepic_async.download.target_folder import Folder, UnwritableError

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
    _whole: asyncio.Queue[Whole | None] = field(factory=lambda: asyncio.Queue(AT_ONCE), init=False)

    async def take(self, job: Job, part: Part) -> None:
        """Take a whole file, once there is room for it."""
        try:
            await self._whole.put((job, part))
        except BaseException:
            part.close()
            raise

    async def end(self) -> None:
        """Let `run` end, once it has settled what it was given."""
        await self._whole.put(None)

    async def run(self) -> None:
        """Settle files until no more come.

        Raises:
            DownloadError: the disk does not take them.
        """
        while (first := await self._whole.get()) is not None:
            batch = [first, *self._waiting()]
            todo = [part for _, part in batch]
            troubles: dict[int, OSError] = {}
            try:
                await anyio.to_thread.run_sync(_settle, todo, troubles, abandon_on_cancel=True)
            finally:
                # Cancelled: the thread ends with the file it is at.
                _close_all(todo)
            self._name(batch, troubles)
            await anyio.sleep(_GATHER_S)

    def close_left(self) -> None:
        """Close files that nobody settles any more."""
        _close_all([part for _, part in self._waiting()])

    def _waiting(self) -> list[Whole]:
        found: list[Whole] = []
        while not self._whole.empty():
            whole = self._whole.get_nowait()
            if whole is None:
                self._whole.put_nowait(None)
                break
            found.append(whole)
        return found

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
        failed = FailedDownload(id=mask_queries(row.id), name=row.name, error=mask_queries(row.error or ""))
        self.meter.failed.append(failed)
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


def _close_all(parts: list[Part]) -> None:
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
