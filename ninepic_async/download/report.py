"""The results of a download: its progress, its report, its files, and its failures."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import field, frozen

from ninepic_async._records import Record
from ninepic_async._support.text import count_text
from ninepic_async.errors import DownloadError

_SHOWN: Final = 3


@frozen(kw_only=True)
class FailedDownload(Record):
    """One photo that could not be fetched.

    Attributes:
        id: the photo's ``image_id``, or the stem of a link's file name.
        name: the file name that the photo would have.
        error: the reason, without signed links.
    """

    id: str
    name: str
    error: str


@frozen(kw_only=True)
class DownloadProgress(Record):
    """The progress of a download. ``known`` grows while the source is being listed.

    Attributes:
        done: files fetched by this run.
        skipped: files that were in the folder already.
        failed: files that could not be fetched.
        known: files seen in the source so far.
        bytes_done: bytes received by this run.
        bytes_known: the size of the files whose fetch has started, as announced by the host, in bytes.
        bytes_per_s: the current rate in bytes per second, over the last two seconds.
        pace: requests a second that the photo host allows this run, learned from its 429s and 503s; None
            while it holds no request back.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    known: int = 0
    bytes_done: int = 0
    bytes_known: int = 0
    bytes_per_s: float = 0.0
    pace: float | None = None


@frozen(kw_only=True)
class DownloadedFile(Record):
    """One file that is in the folder.

    Attributes:
        id: the photo's ``image_id``, the stem of a link's file name, or the clip's ``video_id``.
        path: the path of the file, with its folder.
        bytes: the size of the file in bytes.
    """

    id: str
    path: Path
    bytes: int


@frozen
class StoredFiles:
    """The files of a run: a folder, and the offsets of their rows in its journal."""

    folder: Path
    offsets: array[int]

    def __iter__(self) -> Iterator[DownloadedFile]:
        """Yield the files that are still in the folder.

        Raises:
            DownloadError: the folder or its journal is gone.
        """
        from ninepic_async.download.journal import FILE_NAME, Journal

        try:
            descriptor = os.open(self.folder / FILE_NAME, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise DownloadError(f"can't read {self.folder / FILE_NAME}: {error.strerror}") from error
        try:
            journal = Journal(descriptor)
            for offset in self.offsets:
                row = journal.row_at(offset)
                size = None if row is None else _size(self.folder / row.name)
                if row is not None and size is not None:
                    yield DownloadedFile(id=row.id, path=self.folder / row.name, bytes=size)
        finally:
            os.close(descriptor)


def _size(path: Path) -> int | None:
    try:
        return path.stat(follow_symlinks=False).st_size
    except OSError:
        return None


@frozen(kw_only=True)
class DownloadReport(Record):
    """The result of a download.

    Attributes:
        done: how many files this run fetched.
        skipped: how many files were in the folder already.
        failed: one row for each photo that is missing. Run the download again to retry them.
        bytes: the size of the files in ``done``, in bytes.
    """

    done: int = 0
    skipped: int = 0
    failed: tuple[FailedDownload, ...] = ()
    bytes: int = 0
    _stored: StoredFiles | None = field(default=None, eq=False, repr=False, alias="stored")

    @property
    def complete(self) -> bool:
        """Whether every photo of the source is on disk now."""
        return not self.failed

    def files(self) -> Iterator[DownloadedFile]:
        """Yield the files of the source that are in the folder, fetched now or earlier.

        The folder's journal is read while you iterate.

        Raises:
            DownloadError: while iterating: the folder or its journal is gone.

        Example:
            >>> report = await event.download(event.bib_search("1234"), "photos/")
            >>> for file in report.files():
            ...     print(file.path, file.bytes)
        """
        return iter(self._stored or ())

    def raise_for_failures(self) -> None:
        """Raise an error if photos could not be fetched.

        Raises:
            DownloadError: photos are missing. The message has their number and the first reasons.

        Example:
            >>> report = await event.download(event.bib_search("1234"), "photos/")
            >>> report.raise_for_failures()
        """
        if not self.failed:
            return
        shown = "; ".join(f"{row.name}: {row.error}" for row in self.failed[:_SHOWN])
        more = "; …" if len(self.failed) > _SHOWN else ""
        total = count_text(self.done + self.skipped + len(self.failed), "file")
        raise DownloadError(f"{len(self.failed)} of {total} could not be fetched: {shown}{more}")
