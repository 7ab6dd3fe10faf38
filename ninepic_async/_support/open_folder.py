"""Open files in a folder that others can write to, without following links out of it.

Files are opened relative to the folder's descriptor, so replacing the folder by a link has no effect. Windows
has no such descriptors: there, files are opened by path, and links are refused too.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, Self

from attrs import define

PART: Final = ".part"
IS_WINDOWS: Final = os.name == "nt"
_PAUSES_S: Final = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Waits between attempts to replace a file on Windows, where a viewer or a virus scanner can hold it open."""
HAS_DIR_FD: Final = {os.open, os.stat, os.unlink, os.rename, os.mkdir} <= os.supports_dir_fd
_SAFE_FLAGS: Final = (
    getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)  # do not follow a link
    | getattr(os, "O_NONBLOCK", 0)  # do not block on a FIFO without a writer
    | getattr(os, "O_BINARY", 0)
)


@define(eq=False)
class OpenFolder:
    """An open folder. Use it as a context manager, or close it.

    Attributes:
        path: its path when it was opened.
        descriptor: its file descriptor; None on Windows.
    """

    path: Path
    descriptor: int | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a folder. If `path` is a link, follow it.

        Raises:
            OSError: there is no such folder, or it can't be opened.
        """
        if not HAS_DIR_FD:
            os.scandir(path).close()
            return cls(path)
        return cls(path, os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def subfolder(self, name: str) -> OpenFolder:
        """Open a subfolder, and create it if it is missing.

        Raises:
            OSError: it can't be created, or something else has its name, such as a link.
        """
        with suppress(FileExistsError):
            os.mkdir(self._at(name), dir_fd=self.descriptor)
        if self.descriptor is None:
            if not stat.S_ISDIR(self.stat(name).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "not a folder", name)
            return OpenFolder(self.path / name)
        flags = os.O_RDONLY | os.O_DIRECTORY | _SAFE_FLAGS
        return OpenFolder(self.path / name, os.open(name, flags, dir_fd=self.descriptor))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the handle."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """Yield the entries of the folder, in no order."""
        with os.scandir(self.path if self.descriptor is None else self.descriptor) as entries:
            yield from entries

    def stat(self, name: str) -> os.stat_result:
        """Return a file's status. For a link, return the status of the link, not of its target."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def size(self, name: str) -> int | None:
        """Return the size of a regular file in bytes; None if there is no such file."""
        try:
            status = self.stat(name)
        except OSError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def open_file(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Open a regular file, and return its descriptor.

        A file to write to must not have a second hard link: writing would change a file in another folder.

        Raises:
            OSError: it can't be opened, or it is a link, FIFO, device or folder.
        """
        if not hasattr(os, "O_NOFOLLOW") and os.path.islink(self._at(name)):
            raise OSError(errno.ELOOP, "is a link", name)
        descriptor = os.open(self._at(name), flags | _SAFE_FLAGS, 0o666, dir_fd=self.descriptor)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "is not a regular file", name)
            if flags & (os.O_WRONLY | os.O_RDWR) and status.st_nlink > 1:
                raise OSError(errno.EMLINK, "has a second hard link", name)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """Open a regular file for reading.

        Raises:
            OSError: as `open_file` does.
        """
        with os.fdopen(self.open_file(name), "rb") as file:
            yield file

    @contextmanager
    def replacing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file under a temporary name, and rename it when it is complete.

        Raises:
            OSError: it can't be written. A file that had the name before is unchanged.
        """
        unfinished = name + PART
        # An older entry of this name can be a link: remove it, and never write through it.
        self.remove(unfinished)
        try:
            with os.fdopen(self.open_file(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
                yield file
            self._rename(unfinished, name)
        except BaseException:
            with suppress(OSError):
                self.remove(unfinished)
            raise

    def remove(self, name: str) -> None:
        """Remove a file or a link, if there is one."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.descriptor)

    def _rename(self, unfinished: str, name: str) -> None:
        for pause in (*_PAUSES_S, None):
            try:
                os.replace(
                    self._at(unfinished),
                    self._at(name),
                    src_dir_fd=self.descriptor,
                    dst_dir_fd=self.descriptor,
                )
            except PermissionError:
                if pause is None or not IS_WINDOWS:
                    raise
                time.sleep(pause)
            else:
                return

    def _at(self, name: str) -> str | Path:
        return self.path / name if self.descriptor is None else name
