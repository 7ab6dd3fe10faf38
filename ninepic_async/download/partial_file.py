"""One partial file: a ``.part`` file in a folder, or a private temporary file."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import BinaryIO, Final, cast

from ninepic_async._support.daemon_thread import run_in_daemon_thread
from ninepic_async.download import durable
from ninepic_async.download.completeness import is_whole
from ninepic_async.download.file_types import HEAD_BYTES
from ninepic_async.download.journal import Row

RESUME_FROM_BYTES: Final = 1024 * 1024
"""A shorter file is not resumed: fetching all of it again takes no longer than fetching its rest."""
_IN_MEMORY_BYTES: Final = 2 * 1024 * 1024
_SETS_TIMES: Final = os.utime in os.supports_fd


class PartState:
    """The state of a partial file; see `Part`."""

    name: str
    size: int
    total: int | None
    validator: str | None
    modified: float | None

    def __init__(self, name: str, size: int = 0, previous: Row | None = None) -> None:
        self.name = name
        self.size = size
        self.total = previous.bytes if previous else None
        self.validator = previous.validator if previous else None
        self.modified = None

    def _expect(self, total: int | None, validator: str | None) -> None:
        """Store the host's facts about new content."""
        self.total, self.validator, self.modified = total, validator, None

    @property
    def resume_at(self) -> int | None:
        """The offset to resume at; None if the file has to start from the beginning."""
        if self.validator is None or self.total is None or not RESUME_FROM_BYTES <= self.size <= self.total:
            return None
        if not self.validator.isprintable():
            # It can't be sent in a header: the journal is damaged, or the host's tag is unusual.
            return None
        # If the file is complete, request its last byte, so that the host can say whether it has changed.
        return min(self.size, self.total - 1)


class FilePart(PartState):
    """An open ``.part`` file of a folder.

    Args:
        name: the file's final name; see `Part`.
        descriptor: the open file. The part closes it.
        size: the size of the partial file, in bytes.
        previous: the last row of an earlier run in the journal.
        trouble: returns the error to raise for an `OSError`.
        discard: removes the file.
    """

    descriptor: int
    size: int

    def __init__(
        self,
        name: str,
        descriptor: int,
        size: int,
        previous: Row | None,
        trouble: Callable[[OSError, str], Exception],
        discard: Callable[[str], None],
    ) -> None:
        super().__init__(name, size, previous)
        self.descriptor = descriptor
        self._head = b""
        self._trouble = trouble
        self._discard = discard

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        try:
            written = os.write(self.descriptor, chunk)
            while written < len(chunk):
                written += os.write(self.descriptor, memoryview(chunk)[written:])
        except OSError as error:
            raise self._trouble(error, self.name) from error
        if self.size == 0:
            self._head = chunk[:HEAD_BYTES]
        self.size += written

    def resume(self, offset: int) -> None:
        """Cut the file at an offset, and continue there."""
        if offset == self.size == 0:
            return
        try:
            if self.size != offset:
                os.ftruncate(self.descriptor, offset)
            os.lseek(self.descriptor, offset, os.SEEK_SET)
        except OSError as error:
            raise self._trouble(error, self.name) from error
        self.size = offset

    def restart(self, total: int | None, validator: str | None) -> None:
        """Empty the file, and store the host's facts about its new content."""
        self.resume(0)
        self._head = b""
        self._expect(total, validator)

    def head(self) -> bytes:
        """Return the first bytes."""
        if len(self._head) == HEAD_BYTES:
            return self._head
        # Windows has no `os.pread`. `write` is not called again before `resume` has set the position.
        try:
            os.lseek(self.descriptor, 0, os.SEEK_SET)
            return os.read(self.descriptor, HEAD_BYTES)
        except OSError as error:
            raise self._trouble(error, self.name) from error

    async def is_whole(self) -> bool | None:
        """Check the content to see whether the file is complete; None if its format does not show it."""
        try:
            return await run_in_daemon_thread(self._is_whole, name="ninepic-check")
        except OSError as error:
            raise self._trouble(error, self.name) from error

    def _is_whole(self) -> bool | None:
        with os.fdopen(os.dup(self.descriptor), "rb") as file:
            return is_whole(file, self.size)

    def flush(self, *, last: bool) -> None:
        """Flush the content to disk, and close the file. Blocks.

        Args:
            last: whether to flush the drive's cache too, for this file and those flushed before it.

        Raises:
            OSError: writing to the disk failed.
        """
        descriptor, self.descriptor = self.descriptor, -1
        try:
            if self.modified is not None and _SETS_TIMES:
                with suppress(OSError, OverflowError):
                    os.utime(descriptor, (self.modified, self.modified))
            durable.sync_content(descriptor)
            if last:
                durable.flush_drive(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close the file. Keep it only if a later run can resume it."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            with suppress(OSError):  # the content is checked again before it is resumed
                os.close(descriptor)
            if self.resume_at is None:
                self._discard(self.name)


class TemporaryPart(PartState):
    """A private file in memory, or on the temporary disk if it is large. It is deleted when it is closed."""

    file: BinaryIO
    size: int

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.file = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))  # noqa: SIM115

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        self.file.write(chunk)
        self.size += len(chunk)

    def resume(self, offset: int) -> None:
        """Cut the file at an offset, and continue there."""
        self.file.seek(offset)
        self.file.truncate()
        self.size = offset

    def restart(self, total: int | None, validator: str | None) -> None:
        """Empty the file, and store the host's facts about its new content."""
        self.resume(0)
        self._expect(total, validator)

    def head(self) -> bytes:
        """Return the first bytes."""
        self.file.seek(0)
        head = self.file.read(HEAD_BYTES)
        self.file.seek(0, io.SEEK_END)
        return head

    async def is_whole(self) -> bool | None:
        """Check the content to see whether the file is complete; None if its format does not show it."""
        return await run_in_daemon_thread(partial(is_whole, self.file, self.size), name="ninepic-check")

    def close(self) -> None:
        """Close and delete the file."""
        self.file.close()
