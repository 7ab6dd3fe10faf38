"""Store files in a folder, for one run at a time. No file is incomplete or outside of the folder."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, Self

from ninepic_async._support.daemon_thread import run_in_daemon_thread
from ninepic_async.download import durable
from ninepic_async.download.completeness import is_whole
from ninepic_async.download.job import FetchJob
from ninepic_async.download.journal import FILE_NAME, EventNote, Journal, Row, to_row
from ninepic_async.download.names import PART
from ninepic_async.download.partial_file import RESUME_FROM_BYTES, FilePart
from ninepic_async.download.store import NameTakenError, OutOfFilesError, Part, UnwritableError
from ninepic_async.errors import DownloadError

_SAFE_FLAGS: Final = (
    getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
"""Do not follow links, do not block on a FIFO, and do not pass the file to child processes."""
_HAS_DIR_FD: Final = {os.open, os.stat, os.unlink, os.rename, os.link} <= os.supports_dir_fd
_ONE_FILE: Final = frozenset(
    {errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ENAMETOOLONG, errno.EFBIG, errno.EILSEQ}
)
"""Errors of one file. Other files can still be written."""
_ONE_NAME: Final = frozenset(
    {errno.EPERM, errno.EACCES, errno.EBUSY, errno.EINVAL, errno.ETXTBSY, errno.ENXIO}
)
"""Errors of an existing file: it is immutable, or another program has it open."""
_COMPARED_BYTES: Final = 256 * 1024
_OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})


class Folder:
    """An open folder, locked for one run.

    Raises:
        DownloadError: it can't be created or written to, or another run uses it.
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
            self._lock(self._open(FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND))
        except OSError as error:
            self.__exit__()
            reason, at = error.strerror or type(error).__name__, error.filename or FILE_NAME
            raise DownloadError(f"can't write to {self.path}: {reason} (at {at})") from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Errors are ignored here: all files were flushed, or the run has raised an error.
        if self._journal is not None:
            if self._process == os.getpid():  # not in a forked process, which does not own the lock
                durable.unlock(self._journal.descriptor)
            with suppress(OSError):
                self._journal.close()
        if self._dir is not None:
            with suppress(OSError):
                os.close(self._dir)
        self._journal, self._dir = None, None

    @property
    def place(self) -> str:
        """The folder's path."""
        return str(self.path)

    @property
    def journal(self) -> Journal:
        """The folder's journal."""
        if self._journal is None:
            raise RuntimeError("this folder is not open")
        return self._journal

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield the journal's rows of earlier runs with their offsets, oldest first.

        Raises:
            DownloadError: the journal can't be read.
        """
        with self._writing(FILE_NAME):
            for offset, value in self.journal.objects():
                row = to_row(value)
                if row is not None:
                    yield offset, row

    def note(self, rows: Sequence[Row | EventNote]) -> list[int]:
        """Append rows to the journal, and return their offsets.

        Raises:
            DownloadError: writing failed, or the folder was moved or deleted.
        """
        try:
            with self._writing(FILE_NAME):
                offsets = self.journal.append(rows)
                self._check_place()
                return offsets
        except (UnwritableError, OutOfFilesError) as error:
            raise DownloadError(str(error)) from error

    def _check_place(self) -> None:
        # Writing to open descriptors still works after the folder was moved or deleted.
        os.stat(self._journal_path, follow_symlinks=False)

    def size(self, name: str) -> int | None:
        """Return the size of a regular file in bytes; None for anything else, such as a symlink."""
        status = self._stat(name)
        return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None

    def is_whole(self, name: str) -> bool | None:
        """Check a file's content to see if it is complete; None if its format does not show it. Blocks."""
        try:
            with os.fdopen(self._open(name, os.O_RDONLY), "rb") as file:
                status = os.fstat(file.fileno())
                return is_whole(file, status.st_size) if stat.S_ISREG(status.st_mode) else False
        except OSError:
            return None

    def open_part(self, name: str, previous: Row | None) -> FilePart:
        """Open a partial file, with the bytes that an earlier run has left in it.

        Raises:
            DownloadError: no file can be written.
            UnwritableError: this file can't be written.
            OutOfFilesError: too many files are open.
        """
        descriptor, size = self._open_part(name)
        return FilePart(name, descriptor, size, previous, self.trouble, self.discard)

    def begun(self, job: FetchJob, part: Part) -> None:
        """Store in the journal that the fetch of a large file has started, so that a later run can resume it.

        Raises:
            DownloadError: the journal can't be written.
        """
        if part.validator is not None and (part.total or 0) >= 2 * RESUME_FROM_BYTES:
            row = Row(
                key=job.key,
                id=job.id,
                name=job.name,
                state="started",
                bytes=part.total,
                validator=part.validator,
                replaces=job.replaces,
            )
            self.note([row])

    def _open_part(self, name: str) -> tuple[int, int]:
        try:
            return self._open(name + PART, os.O_RDWR | os.O_CREAT | os.O_EXCL), 0
        except FileExistsError:
            with self._writing(name, _ONE_NAME):
                return self._reopen_part(name + PART)
        except OSError as error:
            raise self.trouble(error, name) from error

    def _reopen_part(self, part: str) -> tuple[int, int]:
        status = os.stat(self._at(part), dir_fd=self._dir, follow_symlinks=False)
        # Replace a symlink or hard link: writing to it would change another file.
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            os.unlink(self._at(part), dir_fd=self._dir)
            return self._open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL), 0
        return self._open(part, os.O_RDWR), status.st_size

    async def flush(self, files: Sequence[tuple[Part, str]]) -> dict[str, Exception]:
        """Flush complete files to disk, and close them. Return the errors by the name of the part."""
        todo: list[FilePart] = [part for part, _ in files if isinstance(part, FilePart)]
        failed: dict[str, OSError] = {}
        try:
            with self._writing(FILE_NAME):
                await run_in_daemon_thread(partial(_flush, todo, failed), name="ninepic-flush")
        finally:
            # After a cancellation, the thread ends after its current file.
            while todo:
                todo.pop().close()
        return {name: self.trouble(error, name) for name, error in failed.items()}

    def publish(self, name: str, final: str, *, replace: bool) -> None:
        """Give a flushed file its final name.

        Raises:
            NameTakenError: another file has the name, and ``replace`` is False.
            UnwritableError: this file can't be renamed.
            DownloadError: no file can be written any more.
        """
        with self._writing(final, _ONE_NAME):
            if replace or not self._link(name + PART, final):
                self._rename(name + PART, final)

    def _link(self, part: str, final: str) -> bool:
        """Rename a file by a hard link, which replaces no other file. Return False if this can't be done."""
        try:
            os.link(self._at(part), self._at(final), src_dir_fd=self._dir, dst_dir_fd=self._dir)
        except OSError:
            if self.size(final) is not None:
                raise NameTakenError(final) from None
            # A symlink has the name, or the file system has no hard links. Renaming raises any other error.
            return False
        os.unlink(self._at(part), dir_fd=self._dir)
        return True

    def _rename(self, part: str, final: str) -> None:
        os.replace(self._at(part), self._at(final), src_dir_fd=self._dir, dst_dir_fd=self._dir)

    def adopt(self, name: str, final: str) -> bool:
        """Return whether a file has the content of the partial one; if so, remove the partial file. Blocks.

        A run that was killed after renaming a file and before adding it to the journal leaves such a file.
        """
        same = self._same_content(name, final)
        if same:
            self.discard(name)
        return same

    def _same_content(self, name: str, final: str) -> bool:
        try:
            with (
                os.fdopen(self._open(name + PART, os.O_RDONLY), "rb") as part,
                os.fdopen(self._open(final, os.O_RDONLY), "rb") as other,
            ):
                if os.fstat(part.fileno()).st_size != os.fstat(other.fileno()).st_size:
                    return False
                while block := part.read(_COMPARED_BYTES):
                    if other.read(_COMPARED_BYTES) != block:
                        return False
                return True
        except OSError:
            return False

    def discard(self, name: str) -> None:
        """Remove a partial file."""
        with suppress(OSError):
            os.unlink(self._at(name + PART), dir_fd=self._dir)

    async def sync(self) -> None:
        """Flush file names and the journal to disk.

        Raises:
            DownloadError: writing to the disk failed.
        """
        with self._writing(FILE_NAME):
            self._check_place()
            await run_in_daemon_thread(
                partial(_sync, self.journal.descriptor, self._dir), name="ninepic-sync"
            )

    @contextmanager
    def _writing(self, name: str, one_file: frozenset[int] = frozenset()) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.trouble(error, name, one_file) from error

    def trouble(self, error: OSError, name: str, one_file: frozenset[int] = frozenset()) -> Exception:
        """Return the error to raise for an `OSError`: one for this file only, or one for the whole run."""
        reason = error.strerror or type(error).__name__
        if error.errno in _OUT_OF_FILES:
            return OutOfFilesError(f"{name} can't be opened: {reason}")
        if error.errno in _ONE_FILE or error.errno in one_file:
            return UnwritableError(f"{name} can't be written: {reason}")
        return DownloadError(
            f"can't write to {self.path}: {reason} (at {name}). "
            "Complete files and the journal are kept; run again to resume."
        )

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(self._at(name), dir_fd=self._dir, follow_symlinks=False)
        except OSError:
            return None

    def _at(self, name: str) -> str | Path:
        return name if self._dir is not None else self.path / name

    def _open(self, name: str, flags: int) -> int:
        return os.open(self._at(name), flags | _SAFE_FLAGS, 0o666, dir_fd=self._dir)

    def _lock(self, journal: int) -> None:
        try:
            status = os.fstat(journal)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise DownloadError(
                    f"{self.path / FILE_NAME} is not a regular file, or has a second hard link: remove it"
                )
            durable.lock(journal, str(self.path))
            # After the lock, because until then another run may append lines.
            self._journal = Journal(journal)
        except BaseException:
            os.close(journal)
            raise


def _sync(journal: int, folder: int | None) -> None:
    durable.sync_all(journal)
    if folder is not None:
        durable.sync_all(folder)
    durable.flush_drive(journal)


def _flush(todo: list[FilePart], failed: dict[str, OSError]) -> None:
    while True:
        try:
            part = todo.pop()
        except IndexError:
            return
        try:
            part.flush(last=not todo)
        except OSError as error:
            failed[part.name] = error
