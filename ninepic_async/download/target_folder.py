"""The folder that files are fetched into: one run at a time, nothing outside it, nothing torn in it."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from ninepic_async.download.journal import FILE_NAME, Journal, Row
from ninepic_async.download.names import PART
from ninepic_async.errors import DownloadError

if sys.platform != "win32":
    import fcntl
else:
    import msvcrt

_OWN: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_HAS_DIR_FD: Final = {os.open, os.stat, os.unlink, os.rename} <= os.supports_dir_fd
_OF_ONE_FILE: Final = frozenset(
    {errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ENAMETOOLONG, errno.EFBIG, errno.EILSEQ}
)
"""What can be wrong with one file while the next one may still be written."""


class UnwritableError(Exception):
    """This one file can't be written; others may be."""


class Folder:
    """An open folder, held for one run.

    Raises:
        DownloadError: it can't be made or written to, or another run is at work on it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        self._journal_path = ""
        self._dir: int | None = None
        self._journal: Journal | None = None
        self._process = os.getpid()

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._journal_path = os.path.abspath(self.path / FILE_NAME)
            if _HAS_DIR_FD:
                self._dir = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._take(self._open(FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND))
        except OSError as error:
            self.__exit__()
            reason, place = error.strerror or type(error).__name__, error.filename or FILE_NAME
            raise DownloadError(f"can't write to {self.path}: {reason} (at {place})") from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # What there was to lose has been synced, or the run has failed, and should say why.
        if self._journal is not None:
            self._unlock(self._journal.descriptor)
            with suppress(OSError):
                self._journal.close()
        if self._dir is not None:
            with suppress(OSError):
                os.close(self._dir)
        self._journal, self._dir = None, None

    @property
    def journal(self) -> Journal:
        """What was done here."""
        if self._journal is None:
            raise RuntimeError("this folder is not open")
        return self._journal

    def rows(self) -> Iterator[Row]:
        """Read the journal, oldest first.

        Raises:
            DownloadError: it can't be read.
        """
        with self._writing(FILE_NAME):
            yield from self.journal.rows()

    def note(self, *rows: Row) -> None:
        """Write into the journal.

        Raises:
            DownloadError: it can't be written.
        """
        try:
            with self._writing(FILE_NAME):
                self.journal.append(rows)
                self._check_place()
        except UnwritableError as error:
            raise DownloadError(str(error)) from error

    def _check_place(self) -> None:
        # Through what is open, all would go well wherever the folder is by now, and without a journal.
        os.stat(self._journal_path, follow_symlinks=False)

    def size(self, name: str) -> int | None:
        """Give the size of a file of its own in the folder; None for anything else, such as a symlink."""
        try:
            found = os.stat(self._at(name), dir_fd=self._dir, follow_symlinks=False)
        except OSError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def open_part(self, name: str) -> tuple[int, int]:
        """Open the unfinished file of that name, keeping what is in it; give its descriptor and size.

        Raises:
            DownloadError: no file can be written here.
            UnwritableError: this one can't.
        """
        part = name + PART
        with self._writing(name):
            with suppress(FileExistsError):
                return self._open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL), 0
            found = os.stat(self._at(part), dir_fd=self._dir, follow_symlinks=False)
            # A link of either kind leads to a file that is not ours to write.
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                os.unlink(self._at(part), dir_fd=self._dir)
                return self._open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL), 0
            return self._open(part, os.O_RDWR), found.st_size

    def finish(self, name: str) -> None:
        """Give an unfinished file its final name, over whatever had it."""
        with self._writing(name):
            os.replace(self._at(name + PART), self._at(name), src_dir_fd=self._dir, dst_dir_fd=self._dir)

    def discard(self, name: str) -> None:
        """Remove an unfinished file."""
        with suppress(OSError):
            os.unlink(self._at(name + PART), dir_fd=self._dir)

    def sync(self) -> None:
        """Make the names last: files were made to last one by one."""
        with self._writing(FILE_NAME):
            self._check_place()
            self.journal.sync()
            if self._dir is not None:
                self._sync_names(self._dir)

    @staticmethod
    def _sync_names(folder: int) -> None:
        try:
            os.fsync(folder)
        except OSError as error:
            # Shares and FUSE may know this of files only: no reason to fail a run that has all its files.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
                raise

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.trouble(error, name) from error

    def trouble(self, error: OSError, name: str) -> DownloadError | UnwritableError:
        """Tell whether an error ends the run or just one file, in words."""
        reason = error.strerror or type(error).__name__
        if error.errno in _OF_ONE_FILE:
            return UnwritableError(f"{name} can't be written: {reason}")
        return DownloadError(
            f"can't write to {self.path}: {reason} (at {name}). "
            "Whole files and the journal are kept; run again to go on."
        )

    def _at(self, name: str) -> str | Path:
        return name if self._dir is not None else self.path / name

    def _open(self, name: str, flags: int) -> int:
        return os.open(self._at(name), flags | _OWN, 0o666, dir_fd=self._dir)

    def _take(self, journal: int) -> None:
        try:
            if not stat.S_ISREG(os.fstat(journal).st_mode):
                raise DownloadError(f"{self.path / FILE_NAME} is not a file that a journal can be kept in")
            self._lock(journal)
            # Not before: until then another run may add to it.
            self._journal = Journal(journal)
        except BaseException:
            os.close(journal)
            raise

    def _lock(self, journal: int) -> None:
        """Lock the journal; the system unlocks it when this process is gone, however it went."""
        try:
            if sys.platform != "win32":
                fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                msvcrt.locking(journal, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
                raise
            raise DownloadError(f"another download into {self.path} is under way: let it end first") from None

    def _unlock(self, journal: int) -> None:
        # Closing does not, while a process forked meanwhile has the file open. The lock is not that one's.
        if sys.platform != "win32" and self._process == os.getpid():
            with suppress(OSError):
                fcntl.flock(journal, fcntl.LOCK_UN)
