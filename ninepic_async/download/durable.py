"""Flush files to disk, and lock a folder, as far as the file system supports it. Blocks."""

from __future__ import annotations

import errno
import logging
import os
import sys
from typing import Final

from ninepic_async.errors import DownloadError

if sys.platform != "win32":
    import fcntl
else:
    import msvcrt

log: Final = logging.getLogger("ninepic_async")

_UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
"""Errors of file systems, such as network shares and FUSE, that do not support a function."""
_IN_USE: Final = frozenset({errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})


class FolderInUseError(DownloadError):
    """Another run holds the folder's lock."""


def sync_content(descriptor: int) -> None:
    """Flush a file's content to disk.

    Raises:
        OSError: writing to the disk failed.
    """
    try:
        getattr(os, "fdatasync", os.fsync)(descriptor)
    except OSError as error:
        _ignore_unsupported("fdatasync", "files are complete, but may be lost in a power failure", error)


def sync_all(descriptor: int) -> None:
    """Flush a file's content and metadata, or a folder, to disk.

    Raises:
        OSError: writing to the disk failed.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        _ignore_unsupported("fsync", "the last files may be lost in a power failure", error)


def flush_drive(descriptor: int) -> None:
    """Flush the drive's own cache, on macOS, where the system does not do it."""
    command = getattr(fcntl, "F_FULLFSYNC", None) if sys.platform == "darwin" else None
    if command is not None:
        try:
            fcntl.fcntl(descriptor, command)
        except OSError as error:
            _ignore_unsupported("F_FULLFSYNC", "the last files may be lost in a power failure", error)


def lock(descriptor: int, place: str) -> None:
    """Lock a journal. The system unlocks it when this process ends in any way.

    Raises:
        FolderInUseError: another run holds the lock.
        OSError: it can't be locked.
    """
    try:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if error.errno in _IN_USE:
            raise FolderInUseError(
                f"another download into {place} is under way: wait until it ends"
            ) from None
        _ignore_unsupported(
            "flock", f"make sure that no two downloads write to {place} at the same time", error
        )


def unlock(descriptor: int) -> None:
    """Unlock a journal. Closing it is not enough if a forked process has it open too."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        except OSError as error:
            log.debug("can't unlock the journal: %s", error)


def _ignore_unsupported(function: str, consequence: str, error: OSError) -> None:
    """Log once that the file system does not support a function, or raise any other error."""
    if error.errno not in _UNSUPPORTED:
        raise error
    if function not in _logged:
        _logged.add(function)
        log.warning("the file system does not support %s (%s): %s", function, error.strerror, consequence)


_logged: Final[set[str]] = set()
