"""Finish files: flush them to disk, rename them, and add them to the journal, in this order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import anyio
from attrs import Factory, field, frozen

from ninepic_async._support.clock import Clock
from ninepic_async._support.redact import mask_queries
from ninepic_async.download.event_facts import EventFacts
from ninepic_async.download.fetch import Fetched, GivenUpError
from ninepic_async.download.job import FetchJob
from ninepic_async.download.journal import Row
from ninepic_async.download.known_files import KnownFiles
from ninepic_async.download.progress import Counters
from ninepic_async.download.report import FailedDownload
from ninepic_async.download.source import UnsignedFile
from ninepic_async.download.store import NameTakenError, Store, UnwritableError

_GATHER_S: Final = 0.005
"""Wait for a few files, so that one thread flushes them together: a thread for each would take too long."""
_RETRY_AFTER_S: Final = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Waits before another attempt to rename a file: on Windows, a viewer or virus scanner can have it open."""

_Complete = tuple[FetchJob, Fetched]


@frozen(kw_only=True)
class Finisher:
    """Finishes fetched files of the workers, and adds failed ones to the journal.

    Attributes:
        most_waiting: how many files may wait, each with an open file descriptor.
    """

    store: Store
    known: KnownFiles
    counters: Counters
    clock: Clock
    facts: EventFacts
    most_waiting: int
    _queue: asyncio.Queue[_Complete | None] = field(
        init=False, default=Factory(lambda self: asyncio.Queue(self.most_waiting), takes_self=True)
    )

    async def take(self, job: FetchJob, fetched: Fetched) -> None:
        """Queue a complete file, as soon as there is room for it."""
        try:
            await self._queue.put((job, fetched))
        except BaseException:
            fetched.part.close()
            raise

    async def end(self) -> None:
        """Let `run` end after the files in the queue."""
        await self._queue.put(None)

    async def run(self) -> None:
        """Finish files until `end` is called.

        Raises:
            DownloadError: writing to the disk failed.
        """
        has_event = False
        async with anyio.create_task_group() as retries:
            while (first := await self._queue.get()) is not None:
                if not has_event:
                    has_event = True
                    await self._note_event()
                batch = [first, *self._waiting()]
                failed = await self.store.flush([(fetched.part, fetched.name) for _, fetched in batch])
                for job, fetched in self._rename(batch, failed):
                    retries.start_soon(self._rename_later, job, fetched)
                await anyio.sleep(_GATHER_S)

    async def _note_event(self) -> None:
        note = await self.facts.load()
        if note is not None:
            self.store.note([note])

    def close_waiting(self) -> None:
        """Close the files that are still in the queue."""
        for _, fetched in self._waiting():
            fetched.part.close()

    def _waiting(self) -> list[_Complete]:
        waiting: list[_Complete] = []
        while not self._queue.empty():
            entry = self._queue.get_nowait()
            if entry is None:
                self._queue.put_nowait(None)
                break
            waiting.append(entry)
        return waiting

    def _rename(self, batch: Sequence[_Complete], failed: dict[str, Exception]) -> list[_Complete]:
        """Rename flushed files and add them to the journal. Return those that another program holds open."""
        rows: list[Row] = []
        later: list[_Complete] = []
        try:
            for job, fetched in batch:
                try:
                    if job.name in failed:
                        raise failed[job.name]
                    rows.append(self._done(job, fetched, self._publish(job, fetched.name)))
                except UnwritableError as error:
                    if job.name in failed:
                        self._give_up(job, error)
                    else:
                        later.append((job, fetched))
        finally:
            self._note_done(rows)
        return later

    async def _rename_later(self, job: FetchJob, fetched: Fetched) -> None:
        error: Exception | None = None
        for wait in _RETRY_AFTER_S:
            await self.clock.sleep(wait)
            try:
                name = self._publish(job, fetched.name)
            except UnwritableError as latest:
                error = latest
            else:
                self._note_done([self._done(job, fetched, name)])
                return
        self._give_up(job, error)

    def _publish(self, job: FetchJob, wanted: str) -> str:
        """Give a file its final name: the wanted one, or another one if a different file has it already."""
        if wanted == job.name:
            try:
                self.store.publish(job.name, wanted, replace=job.replaces)
            except NameTakenError:
                if self.store.adopt(job.name, wanted):
                    return wanted
            else:
                return wanted
        for name in self.known.names(job.key, wanted):
            try:
                self.store.publish(job.name, name, replace=False)
            except NameTakenError:
                if self.store.adopt(job.name, name):
                    return name
            else:
                return name
        raise AssertionError("there is always another name")

    def _done(self, job: FetchJob, fetched: Fetched, name: str) -> Row:
        job.link.finished = True
        self.counters.done += 1
        self.counters.bytes_stored += fetched.part.size
        return Row(
            key=job.key,
            id=job.id,
            name=name,
            state="done",
            bytes=fetched.part.size,
            listed=self.facts.complete(job.listed),
        )

    def _note_done(self, rows: Sequence[Row]) -> None:
        if rows:
            self.counters.stored.extend(self.store.note(rows))

    def _give_up(self, job: FetchJob, error: Exception | None) -> None:
        self.store.discard(job.name)
        self.given_up(job, GivenUpError(str(error)))

    def given_up(self, job: FetchJob, error: GivenUpError) -> None:
        """Add a photo that can't be fetched to the journal, with the state of its partial file."""
        job.link.finished = True
        part = error.part
        resumable = part is not None and part.resume_at is not None
        row = Row(
            key=job.key,
            id=job.id,
            name=job.name,
            state="failed",
            error=str(error),
            replaces=job.replaces,
            bytes=part.total if part is not None and resumable else None,
            validator=part.validator if part is not None and resumable else None,
        )
        self._failed(row)

    def unsigned(self, photo: UnsignedFile) -> None:
        """Add a photo without a link to the journal."""
        self._failed(Row(key=photo.key, id=photo.id, name=photo.name, state="failed", error=photo.error))

    def _failed(self, row: Row) -> None:
        failed = FailedDownload(id=mask_queries(row.id), name=row.name, error=mask_queries(row.error or ""))
        self.counters.failed.append(failed)
        self.store.note([row])
