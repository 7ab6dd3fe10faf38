"""Look up what earlier runs did and which names are taken, without keeping all of it in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, count, islice
from typing import Final

import anyio.lowlevel
from attrs import frozen

from ninepic_async.download.journal import Row
from ninepic_async.download.names import distinct, folded
from ninepic_async.errors import DownloadError

UNSIGNED: Final = "unsigned-"
"""Prefix of the keys of photos that the service could not sign a link for. They have no file name."""
_CACHE_KIB: Final = 16 * 1024
_READ_AT_ONCE: Final = 500
"""Rows read in one step. This blocks the event loop for some milliseconds."""
_MOST_AHEAD: Final = 20_000
"""If this many rows were read and not requested, the source does not have the journal's order."""
_TABLES: Final = (
    """CREATE TABLE photo (
        key TEXT PRIMARY KEY, name TEXT, state TEXT, bytes INTEGER, validator TEXT, at INTEGER,
        replaces INTEGER
    ) WITHOUT ROWID""",
    "CREATE TABLE name (folded TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID",
    "CREATE TABLE met (key INTEGER PRIMARY KEY)",
)
_PUT: Final = "INSERT OR REPLACE INTO photo VALUES (?, ?, ?, ?, ?, ?, ?)"
_FIND: Final = "SELECT name, state, bytes, validator, at, replaces FROM photo WHERE key = ?"
_TAKE_NAME: Final = "INSERT OR IGNORE INTO name VALUES (?, ?)"
_OWNER: Final = "SELECT key FROM name WHERE folded = ?"
_MEET: Final = "INSERT OR IGNORE INTO met VALUES (?)"

Rows = Iterable[tuple[int, Row]]


@frozen
class Known:
    """A row about a photo from an earlier run.

    Attributes:
        row: the row.
        offset: its offset in the journal.
        is_latest: whether it is certain that no later row about the photo follows.
    """

    row: Row
    offset: int
    is_latest: bool = False


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DownloadError(
            f"can't write the index of photos to the system's temporary folder: {error}. Free some space "
            "there, or set SQLITE_TMPDIR to another folder. Complete files and the journal are kept; run "
            "again to resume."
        ) from error


class KnownFiles:
    """Looks up photos in the journal.

    As long as the source has the journal's order, both are read in parallel, and a run that has nothing to
    fetch needs no index. Otherwise, for example for a new photo, an index of the whole journal is built: a
    private SQLite database that is deleted at the end of the run.

    Args:
        read: opens the journal's rows from the beginning.

    Raises:
        DownloadError: the system's temporary folder is full.
    """

    def __init__(self, read: Callable[[], Rows]) -> None:
        self._read = read
        self._unread: Iterator[tuple[int, Row]] = iter(read())
        self._ahead: dict[str, Known] = {}
        self._indexed = False
        self._names_indexed = False
        self._is_empty = True
        # With an empty name, SQLite creates a temporary file when its cache is full.
        self._db = sqlite3.connect("", isolation_level=None)
        try:
            self._begin()
        except BaseException:
            self._db.close()
            raise

    @_database_errors()
    def _begin(self) -> None:
        for pragma in (f"cache_size = -{_CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._db.execute(f"PRAGMA {pragma}")
        for table in _TABLES:
            self._db.execute(table)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Delete the index."""
        self._db.close()

    @_database_errors()
    def is_new_in_this_run(self, key: str) -> bool:
        """Store that the source yielded a photo, and return whether this is the first time."""
        return self._db.execute(_MEET, (_fingerprint(key),)).rowcount == 1

    async def find(self, key: str) -> Known | None:
        """Return a row about a photo from an earlier run; None if there is none."""
        while not self._indexed:
            known = self._ahead.pop(key, None)
            if known is not None:
                return known
            await self._read_more()
        return None if self._is_empty else self._indexed_row(key)

    async def latest(self, key: str) -> Known | None:
        """Return the last row about a photo."""
        await self._index()
        return self._indexed_row(key)

    async def claim(self, key: str, wanted: str) -> str:
        """Return a name for a new photo that no other photo has: the wanted one, or one with its key."""
        await self._index_names()
        return next(self.names(key, wanted))

    def names(self, key: str, wanted: str) -> Iterator[str]:
        """Yield names for a photo that no other photo has, and reserve each of them for it."""
        for name in chain([wanted], (distinct(wanted, mark) for mark in _marks(key))):
            if self._reserve(key, name):
                yield name

    @_database_errors()
    def _reserve(self, key: str, name: str) -> bool:
        """Reserve a name for a photo. Return False if another photo has it."""
        if self._db.execute(_TAKE_NAME, (folded(name), key)).rowcount == 1:
            return True
        owner: str = self._db.execute(_OWNER, (folded(name),)).fetchone()[0]
        return owner == key

    @_database_errors()
    def _indexed_row(self, key: str) -> Known | None:
        found = self._db.execute(_FIND, (key,)).fetchone()
        if found is None:
            return None
        name, state, size, validator, offset, replaces = found
        row = Row(
            key=key,
            id="",
            name=name,
            state=state,
            bytes=size,
            validator=validator,
            replaces=bool(replaces),
        )
        return Known(row, offset, is_latest=True)

    async def _read_more(self) -> None:
        """Read a few more rows, or index all of them if the source does not have the journal's order."""
        rows = list(islice(self._unread, _READ_AT_ONCE))
        self._ahead.update((row.key, Known(row, offset)) for offset, row in rows)
        if not rows or len(self._ahead) > _MOST_AHEAD:
            await self._index()

    async def _index(self) -> None:
        if not self._indexed:
            self._ahead.clear()
            await self._fill(_PUT, _values)
            self._indexed = True

    async def _index_names(self) -> None:
        if not self._names_indexed:
            await self._fill(_TAKE_NAME, _name_values)
            self._names_indexed = True

    async def _fill(self, statement: str, values: Callable[[int, Row], tuple[object, ...]]) -> None:
        """Put the journal's rows into a table."""
        rows = iter(self._read())
        while chunk := list(islice(rows, _READ_AT_ONCE)):
            self._is_empty = False
            with _database_errors():
                self._db.executemany(statement, [values(*each) for each in chunk if not is_unsigned(each[1])])
            await anyio.lowlevel.checkpoint()


def is_unsigned(row: Row) -> bool:
    """Return whether a row is about a photo that the service could not sign a link for."""
    return row.key.startswith(UNSIGNED)


def _fingerprint(key: str) -> int:
    """Return a key's first 64 bits. They need half the memory, and still differ for a billion photos."""
    try:
        return int(key[:16], 16) - 2**63
    except ValueError:
        return hash(key)


def _marks(key: str) -> Iterator[str]:
    # The marks are not secret, so names of other photos may contain them too. There is always another mark.
    yield from (key[:6], key[:12], key)
    yield from (f"{key}-{number}" for number in count(2))


def _values(offset: int, row: Row) -> tuple[object, ...]:
    return row.key, row.name, row.state, row.bytes, row.validator, offset, row.replaces


def _name_values(_: int, row: Row) -> tuple[object, ...]:
    return folded(row.name), row.key
