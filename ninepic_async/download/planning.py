"""Decide which files of a source must be fetched."""

from __future__ import annotations

from functools import partial

from attrs import define, field

from ninepic_async._support.daemon_thread import run_in_daemon_thread
from ninepic_async.download.finish import Finisher
from ninepic_async.download.job import FetchJob
from ninepic_async.download.journal import Row
from ninepic_async.download.known_files import Known, KnownFiles
from ninepic_async.download.progress import Counters
from ninepic_async.download.settings import Settings
from ninepic_async.download.source import Files, PhotoSource, SourceFile, UnsignedFile
from ninepic_async.download.store import Store
from ninepic_async.errors import NinePicError
from ninepic_async.signing import IDS_PER_REQUEST

_ToFetch = tuple[SourceFile, Row | None]
"""A file, and its last row of an earlier run in the journal."""


@define(eq=False)
class Planner:
    """Creates jobs for the files of the source, and skips files that the folder has already.

    Attributes:
        error: why links to originals can't be signed. After this error, no more links are signed.
    """

    source: PhotoSource
    store: Store
    known: KnownFiles
    counters: Counters
    finisher: Finisher
    settings: Settings
    error: NinePicError | None = field(init=False, default=None)
    _without_link: list[_ToFetch] = field(init=False, factory=list)

    async def jobs(self, files: Files | None) -> list[FetchJob]:
        """Return the jobs for a batch of files; None returns the jobs that are left at the end.

        Raises:
            DownloadError: the journal can't be read or written.
        """
        # The links of a page are signed again together, so add all of them before the first one is used.
        todo = [each for file in files or () if (each := await self._todo(file)) is not None]
        ready = [(file, row) for file, row in todo if file.url is not None]
        self._without_link += [(file, row) for file, row in todo if file.url is None]
        while len(self._without_link) >= (1 if files is None else IDS_PER_REQUEST):
            ready += await self._signed()
        return [await self._job(file, row) for file, row in ready]

    async def _todo(self, file: SourceFile | UnsignedFile) -> _ToFetch | None:
        """Return a file that must be fetched with its last row; None if it need not be fetched."""
        if not self.known.is_new_in_this_run(file.key):
            return None
        self.counters.known += 1
        if isinstance(file, UnsignedFile):
            self.finisher.unsigned(file)
            return None
        known = await self.known.find(file.key)
        if known is not None and self._skip_if_stored(known):
            return None
        if known is not None and not known.is_latest:
            known = await self.known.latest(file.key)
            if known is not None and self._skip_if_stored(known):
                return None
        if known is not None and await self._skip_if_changed(known):
            return None
        return file, None if known is None else known.row

    def _skip_if_stored(self, known: Known) -> bool:
        """Skip a file that the folder still has as it was stored. Return whether it was skipped."""
        row = known.row
        stored = row.state == "done" and self.store.size(row.name) == row.bytes
        if stored:
            self._skip(known)
        return stored

    async def _skip_if_changed(self, known: Known) -> bool:
        """Skip a file that the user has changed or deleted. Return whether it was skipped."""
        row = known.row
        if row.state != "done":
            return False
        if self.store.size(row.name) is None:
            skipped = self.settings.skip_deleted
        else:
            check = partial(self.store.is_whole, row.name)
            skipped = await run_in_daemon_thread(check, name="ninepic-check") is True
        if skipped:
            self._skip(known)
        return skipped

    def _skip(self, known: Known) -> None:
        self.counters.skipped += 1
        self.counters.stored.append(known.offset)

    async def _signed(self) -> list[_ToFetch]:
        """Sign links for the next files without a link."""
        chunk = {file.key: (file, row) for file, row in self._without_link[:IDS_PER_REQUEST]}
        try:
            signed = await self.source.sign([file for file, _ in chunk.values()])
        except NinePicError as error:
            self.error = error
            self.counters.known -= len(self._without_link)
            self._without_link.clear()
            return []
        del self._without_link[: len(chunk)]
        for file in signed:
            if isinstance(file, UnsignedFile):
                self.finisher.unsigned(file)
        return [chunk[file.key] for file in signed if isinstance(file, SourceFile)]

    async def _job(self, file: SourceFile, row: Row | None) -> FetchJob:
        name = await self.known.claim(file.key, file.name) if row is None else row.name
        return FetchJob(file.key, file.id, name, file.link(), row, file.listed)
