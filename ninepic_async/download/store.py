"""The interface between the fetcher and the place for its files: a folder or an object store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ninepic_async.download.job import FetchJob
from ninepic_async.download.journal import EventNote, Row


class UnwritableError(Exception):
    """One file can't be written. Other files may still be writable."""


class OutOfFilesError(Exception):
    """The process has no file descriptor left. It gets some back when other files are finished."""


class Part(Protocol):
    """One partial file.

    Attributes:
        name: the final name of the file.
        size: the size of the partial file, in bytes.
        total: the size of the complete file in bytes, if the host sent it.
        validator: the host's ETag or date of this version of the file, if it can be sent in ``If-Range``.
        modified: the file's ``Last-Modified`` in Unix seconds, if the host sent it.
    """

    name: str
    size: int
    total: int | None
    validator: str | None
    modified: float | None

    @property
    def resume_at(self) -> int | None:
        """The offset to resume at; None if the file has to start from the beginning."""
        ...

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        ...

    def resume(self, offset: int) -> None:
        """Cut the file at an offset, and continue there."""
        ...

    def restart(self, total: int | None, validator: str | None) -> None:
        """Empty the file, and store the host's facts about its new content."""
        ...

    def head(self) -> bytes:
        """Return the first bytes."""
        ...

    async def is_whole(self) -> bool | None:
        """Check the content to see whether the file is complete; None if its format does not show it."""
        ...

    def close(self) -> None:
        """Close the file. Keep it only if a later run can resume it."""
        ...


class Parts(Protocol):
    """The place for partial files."""

    def open_part(self, name: str, previous: Row | None) -> Part:
        """Open a partial file, with the bytes that an earlier run has left in it.

        Raises:
            DownloadError: no file can be written.
            UnwritableError: this file can't be written.
            OutOfFilesError: too many files are open.
        """
        ...

    def begun(self, job: FetchJob, part: Part) -> None:
        """Store that the fetch of a file has started, so that a later run can resume it."""
        ...


class NameTakenError(Exception):
    """Another file has the name already."""


class Store(Parts, Protocol):
    """The place for files. One run at a time can use it."""

    @property
    def place(self) -> str:
        """The store's name in messages."""
        ...

    def rows(self) -> Iterable[tuple[int, Row]]:
        """Yield the journal's rows of earlier runs with their offsets, oldest first."""
        ...

    def size(self, name: str) -> int | None:
        """Return the size of a stored file in bytes; None if there is no such file."""
        ...

    def is_whole(self, name: str) -> bool | None:
        """Check a stored file's content to see if it is complete; None if its format does not show it."""
        ...

    async def flush(self, files: Sequence[tuple[Part, str]]) -> dict[str, Exception]:
        """Flush complete files to disk, and close them.

        Args:
            files: the files, each with its likely final name.

        Returns:
            The errors, by the name of the part.
        """
        ...

    def publish(self, name: str, final: str, *, replace: bool) -> None:
        """Give a flushed file its final name.

        Raises:
            NameTakenError: another file has the name, and ``replace`` is False.
            UnwritableError: this file can't be renamed.
            DownloadError: no file can be written any more.
        """
        ...

    def adopt(self, name: str, final: str) -> bool:
        """Return whether a stored file has the content of the partial one; if so, remove the partial file."""
        ...

    def discard(self, name: str) -> None:
        """Remove a partial file."""
        ...

    def note(self, rows: Sequence[Row | EventNote]) -> list[int]:
        """Append rows to the journal, and return their offsets."""
        ...

    async def sync(self) -> None:
        """Flush file names and the journal to disk."""
        ...
