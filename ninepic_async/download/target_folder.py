"""Store files in a folder: one run at a time, nothing outside the folder, nothing torn in it."""

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

_OWN: Final = (
    getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
"""Open no link, wait for no pipe, and leave the file to no program that is started meanwhile."""
_HAS_DIR_FD: Final = {os.open, os.stat, os.unlink, os.rename, os.link} <= os.supports_dir_fd
_ONE_FILE: Final = frozenset(
    {errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ENAMETOOLONG, errno.EFBIG, errno.EILSEQ}
)
"""What can be wrong with one file while others can still be written."""
_ONE_NAME: Final = frozenset(
    {errno.EPERM, errno.EACCES, errno.EBUSY, errno.EINVAL, errno.ETXTBSY, errno.ENXIO}
)
"""What can be wrong with an existing file: it is immutable, or another program has it open."""
_COMPARED_BYTES: Final = 256 * 1024
_OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})


class Folder:
    """An open folder, locked for one run.

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
            reason, at = error.strerror or type(error).__name__, error.filename or FILE_NAME
            raise DownloadError(f"can't write to {self.path}: {reason} (at {at})") from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Errors don't matter here: everything was synced, or the run failed and says why.
        if self._journal is not None:
            if self._process == os.getpid():  # the lock is not a forked process's
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
        """Read what earlier runs noted, oldest first, with the offset of each row.

        Raises:
            DownloadError: the journal can't be read.
        """
        with self._writing(FILE_NAME):
            for offset, found in self.journal.objects():
                row = to_row(found)
                if row is not None:
                    yield offset, row

    def note(self, rows: Sequence[Row | EventNote]) -> list[int]:
        """Write rows into the journal, and return their offsets.

        Raises:
            DownloadError: they can't be written, or the folder is not in its place any more.
        """
        try:
            with self._writing(FILE_NAME):
                offsets = self.journal.append(rows)
                self._check_place()
                return offsets
        except (UnwritableError, OutOfFilesError) as error:
            raise DownloadError(str(error)) from error

    def _check_place(self) -> None:
        # Writing through open descriptors works on after the folder was moved or deleted.
        os.stat(self._journal_path, follow_symlinks=False)

    def size(self, name: str) -> int | None:
        """Return the size of a regular file in the folder; None for anything else, such as a symlink."""
        found = self._stat(name)
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    def is_whole(self, name: str) -> bool | None:
        """Check by its content whether a file is whole; None if its format does not tell. Blocks."""
        try:
            with os.fdopen(self._open(name, os.O_RDONLY), "rb") as file:
                found = os.fstat(file.fileno())
                return is_whole(file, found.st_size) if stat.S_ISREG(found.st_mode) else False
        except OSError:
            return None

    def open_part(self, name: str, previous: Row | None) -> FilePart:
        """Open an unfinished file, with what an earlier run left of it.

        Raises:
            DownloadError: no file can be written here.
            UnwritableError: this one can't.
            OutOfFilesError: too many files are open.
        """
        descriptor, size = self._open_part(name)
        return FilePart(name, descriptor, size, previous, self.trouble, self.discard)

    def begun(self, job: FetchJob, part: Part) -> None:
        """Note that a large file was begun, so that a later run can resume it.

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
        found = os.stat(self._at(part), dir_fd=self._dir, follow_symlinks=False)
        # A link of either kind leads to a file that is not ours to write.
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            os.unlink(self._at(part), dir_fd=self._dir)
            return self._open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL), 0
        return self._open(part, os.O_RDWR), found.st_size

    async def flush(self, files: Sequence[tuple[Part, str]]) -> dict[str, Exception]:
        """Make the content of whole files durable, and close them. Return what failed, by part name."""
        todo: list[FilePart] = [part for part, _ in files if isinstance(part, FilePart)]
        failed: dict[str, OSError] = {}
        try:
            with self._writing(FILE_NAME):
                await run_in_daemon_thread(partial(_flush, todo, failed), name="ninepic-flush")
        finally:
            # After a cancellation the thread ends with the file that it is at.
            while todo:
                todo.pop().close()
        return {name: self.trouble(error, name) for name, error in failed.items()}

    def publish(self, name: str, final: str, *, replace: bool) -> None:
        """Give an unfinished file its final name.

        Raises:
            NameTakenError: another file has that name, and ``replace`` is False.
            UnwritableError: it can't be done for this file.
            DownloadError: it can't be done for any.
        """
        with self._writing(final, _ONE_NAME):
            if replace or not self._link(name + PART, final):
                self._rename(name + PART, final)

    def _link(self, part: str, final: str) -> bool:
        """Name a file without replacing another; return False where only renaming can do it."""
        try:
            os.link(self._at(part), self._at(final), src_dir_fd=self._dir, dst_dir_fd=self._dir)
        except OSError:
            if self.size(final) is not None:
                raise NameTakenError(final) from None
            # The name is a symlink's, or the file system has no hard links. Renaming tells what is wrong.
            return False
        os.unlink(self._at(part), dir_fd=self._dir)
        return True

    def _rename(self, part: str, final: str) -> None:
        os.replace(self._at(part), self._at(final), src_dir_fd=self._dir, dst_dir_fd=self._dir)

    def adopt(self, name: str, final: str) -> bool:
        """Take a file for ours if it has the content of the unfinished one, which is removed then. Blocks.

        A run that was killed between naming a file and noting it leaves such a file.
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
        """Remove an unfinished file."""
        with suppress(OSError):
            os.unlink(self._at(name + PART), dir_fd=self._dir)

    async def sync(self) -> None:
        """Make names and journal durable.

        Raises:
            DownloadError: the disk did not take them.
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
        """Return the error to raise for one from the disk: for this file alone, or for the whole run."""
        reason = error.strerror or type(error).__name__
        if error.errno in _OUT_OF_FILES:
            return OutOfFilesError(f"{name} can't be opened: {reason}")
        if error.errno in _ONE_FILE or error.errno in one_file:
            return UnwritableError(f"{name} can't be written: {reason}")
        return DownloadError(
            f"can't write to {self.path}: {reason} (at {name}). "
            "Whole files and the journal are kept; run again to go on."
        )

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(self._at(name), dir_fd=self._dir, follow_symlinks=False)
        except OSError:
            return None

    def _at(self, name: str) -> str | Path:
        return name if self._dir is not None else self.path / name

    def _open(self, name: str, flags: int) -> int:
        return os.open(self._at(name), flags | _OWN, 0o666, dir_fd=self._dir)

    def _take(self, journal: int) -> None:
        try:
            found = os.fstat(journal)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                raise DownloadError(f"{self.path / FILE_NAME} is no regular file of its own: remove it")
            durable.lock(journal, str(self.path))
            # Not before: until then another run may add to it.
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
