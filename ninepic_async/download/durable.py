"""Make files durable, and lock a folder, as far as the file system can. Blocks."""

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
"""How file systems, such as network shares and FUSE, say that they don't have a function."""
_IN_USE: Final = frozenset({errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})


class FolderInUseError(DownloadError):
    """Another run holds the folder's lock."""


def sync_content(descriptor: int) -> None:
    """Write a file's content to disk.

    Raises:
        OSError: the disk did not take it.
    """
    try:
        getattr(os, "fdatasync", os.fsync)(descriptor)
    except OSError as error:
        _go_on_without("fdatasync", "files are whole, but may be lost in a power failure", error)


def sync_all(descriptor: int) -> None:
    """Write a file or folder to disk.

    Raises:
        OSError: the disk did not take it.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        _go_on_without("fsync", "the last files may be lost in a power failure", error)


def flush_drive(descriptor: int) -> None:
    """Empty the drive's own cache, where the system leaves that to programs (macOS)."""
    command = getattr(fcntl, "F_FULLFSYNC", None) if sys.platform == "darwin" else None
    if command is not None:
        try:
            fcntl.fcntl(descriptor, command)
        except OSError as error:
            _go_on_without("F_FULLFSYNC", "the last files may be lost in a power failure", error)


def lock(descriptor: int, place: str) -> None:
    """Lock a journal. The system unlocks it when this process ends, however it ends.

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
        _go_on_without("flock", f"make sure that no two downloads write to {place} at the same time", error)


def unlock(descriptor: int) -> None:
    """Unlock a journal. Closing it is not enough while a forked process has it open too."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        except OSError as error:
            log.debug("can't unlock the journal: %s", error)


def _go_on_without(function: str, consequence: str, error: OSError) -> None:
    """Accept that a file system lacks a function, and say once what that means."""
    if error.errno not in _UNSUPPORTED:
        raise error
    if function not in _told:
        _told.add(function)
        log.warning("the file system does not support %s (%s): %s", function, error.strerror, consequence)


_told: Final[set[str]] = set()
