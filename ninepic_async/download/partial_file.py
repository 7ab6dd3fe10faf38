"""One unfinished file."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from ninepic_async.download.content_check import HEAD_BYTES
from ninepic_async.download.journal import Row
from ninepic_async.download.target_folder import Folder

RESUME_FROM_BYTES: Final = 1024 * 1024
"""A smaller beginning is not worth keeping: it is fetched again in the time that asking for rest takes."""


class Part:
    """An open ``.part`` file.

    Attributes:
        name: the name it is to get.
        size: bytes in it.
        total: bytes that it will have when whole, if the host told.
        validator: the host's mark of this very version, if it is fit for ``If-Range``.

    Raises:
        DownloadError: no file can be written here.
        UnwritableError: this one can't.
    """

    def __init__(self, folder: Folder, name: str, begun: Row | None) -> None:
        self.name = name
        self.total = begun.bytes if begun else None
        self.validator = begun.validator if begun else None
        self._folder = folder
        self._head = b""
        self.descriptor: int
        self.size: int
        self.descriptor, self.size = folder.open_part(name)

    @property
    def resume_at(self) -> int | None:
        """Where to go on; None where the file has to be begun anew."""
        if self.validator is None or self.total is None or not RESUME_FROM_BYTES <= self.size <= self.total:
            return None
        if not self.validator.isprintable():
            # No header can hold it: the journal was damaged, or the host's tag is odd.
            return None
        # A file that lacks nothing asks for its last byte, so that the host can say whether it has changed.
        return min(self.size, self.total - 1)

    def write(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        try:
            written = os.write(self.descriptor, chunk)
            while written < len(chunk):
                written += os.write(self.descriptor, memoryview(chunk)[written:])
        except OSError as error:
            raise self._folder.trouble(error, self.name) from error
        if self.size == 0:
            self._head = chunk[:HEAD_BYTES]
        self.size += written

    def go_on_at(self, offset: int) -> None:
        """Cut the file at that place, and add there."""
        if offset == self.size == 0:
            return
        try:
            if self.size != offset:
                os.ftruncate(self.descriptor, offset)
            os.lseek(self.descriptor, offset, os.SEEK_SET)
        except OSError as error:
            raise self._folder.trouble(error, self.name) from error
        self.size = offset

    def begin_anew(self, total: int | None, validator: str | None) -> None:
        """Forget what is in the file, and what was known of it."""
        self.go_on_at(0)
        self._head = b""
        self.total, self.validator = total, validator

    def head(self) -> bytes:
        """Give the file's beginning."""
        return self._head if len(self._head) == HEAD_BYTES else self._read_at(0)

    def tail(self) -> bytes:
        """Read the file's end."""
        return self._read_at(max(0, self.size - HEAD_BYTES))

    def _read_at(self, offset: int) -> bytes:
        # Not `os.pread`, which Windows lacks. Whoever writes again says where before.
        try:
            os.lseek(self.descriptor, offset, os.SEEK_SET)
            return os.read(self.descriptor, HEAD_BYTES)
        except OSError as error:
            raise self._folder.trouble(error, self.name) from error

    def close(self) -> None:
        """Let go of it; what is worth keeping stays on disk."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            with suppress(OSError):  # an unfinished file is looked at again before it is gone on with
                os.close(descriptor)
            if self.resume_at is None:
                self._folder.discard(self.name)

    def settle(self) -> None:
        """Make the content last, and close the file. Blocks.

        Raises:
            OSError: the disk did not take it.
        """
        descriptor, self.descriptor = self.descriptor, -1
        try:
            getattr(os, "fdatasync", os.fsync)(descriptor)
        finally:
            os.close(descriptor)
