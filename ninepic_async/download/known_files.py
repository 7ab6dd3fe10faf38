"""What earlier runs did, and which names are taken: looked up on disk, so that memory stays as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, count, filterfalse, islice
from typing import Final

import anyio.lowlevel

from ninepic_async.download.journal import Row
from ninepic_async.download.names import UNSIGNED, distinct, folded
from ninepic_async.errors import DownloadError

_CACHE_KIB: Final = 2048
_LOADED_AT_ONCE: Final = 500
"""Rows, which take some milliseconds: no longer may the loop, and whoever cancels, have to wait."""
_TABLE: Final = """CREATE TABLE photo (
        key TEXT PRIMARY KEY, name TEXT, folded TEXT UNIQUE,
        state TEXT, bytes INTEGER, validator TEXT, met INTEGER
    ) WITHOUT ROWID"""
_PUT: Final = "INSERT OR REPLACE INTO photo VALUES (?, ?, ?, ?, ?, ?, 0)"
_CLAIM: Final = "INSERT OR IGNORE INTO photo VALUES (?, ?, ?, NULL, NULL, NULL, 1)"
_FIND: Final = "SELECT name, state, bytes, validator, met FROM photo WHERE key = ?"


@contextmanager
def _has_room() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DownloadError(
            f"can't keep track of the photos in the system's temporary folder: {error}. Make room there, or "
            "name another in SQLITE_TMPDIR. Whole files and the journal are kept; run again to go on."
        ) from error


class Index:
    """A private SQLite database that vanishes with the run; the journal alone is what lasts.

    Raises:
        DownloadError: the system's temporary folder, which SQLite goes on in, does not take it.
    """

    def __init__(self) -> None:
        # An empty file name asks SQLite for a temporary file, which it opens once the cache is full.
        self._db = sqlite3.connect("", isolation_level=None)
        try:
            self._begin()
        except BaseException:
            self._db.close()
            raise

    @_has_room()
    def _begin(self) -> None:
        for pragma in (f"cache_size = -{_CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(_TABLE)
        self._db.execute("BEGIN")

    async def load(self, rows: Iterable[Row]) -> None:
        """Take in what earlier runs did, oldest first.

        Raises:
            DownloadError: as above.
        """
        left = iter(rows)
        while some := list(islice(left, _LOADED_AT_ONCE)):
            with _has_room():
                self._db.executemany(_PUT, map(_values, filterfalse(is_unsigned, some)))
            await anyio.lowlevel.checkpoint()

    def close(self) -> None:
        """Let it vanish."""
        self._db.close()

    @_has_room()
    def meet(self, key: str, identity: str, wanted: str) -> Row | None:
        """Give what is known of a photo, its name above all; None if this run has met it before.

        A photo that has no name yet gets the wanted one, or, if that is taken, one with the key in it.

        Raises:
            DownloadError: as above.
        """
        if self._claim(key, wanted):
            return Row(key=key, id=identity, name=wanted, state="failed")
        found = self._db.execute(_FIND, (key,)).fetchone()
        if found is not None:
            name, state, size, validator, met = found
            if met:
                return None
            self._db.execute("UPDATE photo SET met = 1 WHERE key = ?", (key,))
            return Row(key=key, id=identity, name=name, state=state, bytes=size, validator=validator)
        # Whoever names the photos can work out these marks too, and give them to others.
        marks = chain((key[:6], key[:12], key), (f"{key}-{number}" for number in count(2)))
        name = next(name for mark in marks if self._claim(key, name := distinct(wanted, mark)))
        return Row(key=key, id=identity, name=name, state="failed")

    def _claim(self, key: str, name: str) -> bool:
        return self._db.execute(_CLAIM, (key, name, folded(name))).rowcount == 1


def is_unsigned(row: Row) -> bool:
    """Whether a row tells of a link that was never to be had: it takes no name from anybody."""
    return row.key.startswith(UNSIGNED)


def _values(row: Row) -> tuple[str | int | None, ...]:
    return row.key, row.name, folded(row.name), row.state, row.bytes, row.validator
