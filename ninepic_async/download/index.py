"""What earlier runs did, and which names are taken: looked up on disk, so that memory stays as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import filterfalse
from typing import Final

from ninepic_async.download.journal import Row
from ninepic_async.download.names import UNSIGNED, distinct, folded

_CACHE_KIB: Final = 2048
_TABLES: Final = (
    """CREATE TABLE photo (
        key TEXT PRIMARY KEY, id TEXT, name TEXT, folded TEXT UNIQUE,
        state TEXT, bytes INTEGER, validator TEXT
    ) WITHOUT ROWID""",
    "CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID",
)
_PUT: Final = "INSERT OR REPLACE INTO photo VALUES (?, ?, ?, ?, ?, ?, ?)"


class Index:
    """A private SQLite database that vanishes with the run; the journal alone is what lasts."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        # An empty file name asks SQLite for a temporary file, which it opens once the cache is full.
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        for pragma in (f"cache_size = -{_CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._db.execute(f"PRAGMA {pragma}")
        for table in _TABLES:
            self._db.execute(table)
        self._db.execute("BEGIN")
        self._db.executemany(_PUT, map(_values, filterfalse(is_unsigned, rows)))

    def close(self) -> None:
        """Let it vanish."""
        self._db.close()

    def first_time(self, key: str) -> bool:
        """Whether this run meets a photo for the first time."""
        return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1

    def find(self, key: str) -> Row | None:
        """Give the last that is known of a photo."""
        columns = "key, id, name, state, bytes, validator"
        found = self._db.execute(f"SELECT {columns} FROM photo WHERE key = ?", (key,)).fetchone()  # noqa: S608
        if found is None:
            return None
        key, identity, name, state, size, validator = found
        return Row(key=key, id=identity, name=name, state=state, bytes=size, validator=validator)

    def claim(self, key: str, identity: str, wanted: str) -> str:
        """Take a name for a photo that has none yet: the wanted one, or, if taken, one with the key in it."""
        name = wanted
        for digits in (6, 12, len(key)):
            if not self._db.execute("SELECT 1 FROM photo WHERE folded = ?", (folded(name),)).fetchone():
                break
            name = distinct(wanted, key[:digits])
        self._db.execute(_PUT, _values(Row(key=key, id=identity, name=name, state="failed")))
        return name


def is_unsigned(row: Row) -> bool:
    """Whether a row tells of a link that was never to be had: it takes no name from anybody."""
    return row.key.startswith(UNSIGNED)


def _values(row: Row) -> tuple[str | int | None, ...]:
    identity = row.id.encode("utf-8", "replace").decode()
    return row.key, identity, row.name, folded(row.name), row.state, row.bytes, row.validator
