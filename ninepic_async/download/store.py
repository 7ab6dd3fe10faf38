"""What the fetcher needs of the place that files go to: a folder, or an object store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ninepic_async.download.job import FetchJob
from ninepic_async.download.journal import EventNote, Row


class UnwritableError(Exception):
    """This one file can't be written. Others may be."""


class OutOfFilesError(Exception):
    """The process has no file descriptor left. Some come free when other files are finished."""


class Part(Protocol):
    """One unfinished file.

    Attributes:
        name: the name that the file gets.
        size: bytes in it.
        total: bytes that it has when it is whole, if the host said so.
        validator: the host's ETag or date of this version of the file, if it can be sent in ``If-Range``.
        modified: the file's ``Last-Modified``, in Unix seconds, if the host said so.
    """

    name: str
    size: int
    total: int | None
    validator: str | None
    modified: float | None

    @property
    def resume_at(self) -> int | None:
        """Where to resume, or None if the file has to start from the beginning."""
        ...

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        ...

    def resume(self, offset: int) -> None:
        """Cut the file at that place, and add bytes there."""
        ...

    def restart(self, total: int | None, validator: str | None) -> None:
        """Empty the file, and set what is known of the new content."""
        ...

    def head(self) -> bytes:
        """Return the first bytes."""
        ...

    async def is_whole(self) -> bool | None:
        """Check by the content whether the file is whole; None if its format does not tell."""
        ...

    def close(self) -> None:
        """Close the file. What a later run can resume stays."""
        ...


class Parts(Protocol):
    """Where unfinished files are kept."""

    def open_part(self, name: str, previous: Row | None) -> Part:
        """Open an unfinished file, with what an earlier run left of it.

        Raises:
            DownloadError: no file can be written here.
            UnwritableError: this one can't.
            OutOfFilesError: too many files are open.
        """
        ...

    def begun(self, job: FetchJob, part: Part) -> None:
        """Note that a file was begun, so that a later run can resume it."""
        ...


class NameTakenError(Exception):
    """Another file has that name already."""


class Store(Parts, Protocol):
    """Where files go. One run at a time holds it."""

    @property
    def place(self) -> str:
        """The store's name in messages."""
        ...

    def rows(self) -> Iterable[tuple[int, Row]]:
        """Read what earlier runs noted, oldest first, with the offset of each row."""
        ...

    def size(self, name: str) -> int | None:
        """Return the size of a stored file, or None if there is none."""
        ...

    def is_whole(self, name: str) -> bool | None:
        """Check by its content whether a stored file is whole; None if its format does not tell."""
        ...

    async def flush(self, files: Sequence[tuple[Part, str]]) -> dict[str, Exception]:
        """Make the content of whole files durable, and close them.

        Args:
            files: each with the final name that it is most likely to get.

        Returns:
            What failed, by the parts' names.
        """
        ...

    def publish(self, name: str, final: str, *, replace: bool) -> None:
        """Give a flushed file its final name.

        Raises:
            NameTakenError: another file has that name, and ``replace`` is False.
            UnwritableError: it can't be done for this file.
            DownloadError: it can't be done for any.
        """
        ...

    def adopt(self, name: str, final: str) -> bool:
        """Take a stored file for ours if it has the content of the unfinished one, which is removed then."""
        ...

    def discard(self, name: str) -> None:
        """Remove an unfinished file."""
        ...

    def note(self, rows: Sequence[Row | EventNote]) -> list[int]:
        """Write rows into the journal, and return their offsets."""
        ...

    async def sync(self) -> None:
        """Make names and journal durable."""
        ...
