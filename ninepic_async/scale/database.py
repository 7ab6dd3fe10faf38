"""Temporary databases of photos, so that memory use does not grow with the event."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b


def temporary_database(table: str) -> sqlite3.Connection:
    """Open a temporary database. Closing it deletes it.

    Args:
        table: the SQL statement that creates the table.
    """
    database = sqlite3.connect("", isolation_level=None)
    for statement in ("PRAGMA cache_size = -16384", "PRAGMA journal_mode = OFF", table, "BEGIN"):
        database.execute(statement)
    return database


def digest(image_id: str) -> bytes:
    """Return a 12-byte hash of a photo's id."""
    return blake2b(image_id.encode("utf-8", "surrogatepass"), digest_size=12).digest()
