"""The journal: one JSON line for each thing that happened to a file, only ever appended to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import orjson
from attrs import frozen

from ninepic_async._support.redact import mask_queries
from ninepic_async.download.names import safe_name

FILE_NAME: Final = ".ninepic-journal.jsonl"
_LONGEST_LINE: Final = 64 * 1024

State = Literal["started", "done", "failed"]


@frozen(kw_only=True)
class Row:
    """One line.

    Attributes:
        key: by which a run knows the photo again: a hash of id, kind and path.
        id: the photo's, for people.
        name: of its file in the folder.
        state: ``started`` for a large file begun, ``done``, ``failed``.
        bytes: the size of the whole file, where known.
        validator: the host's mark of this very version of the file, for going on in the middle of it.
        error: why it failed.
    """

    key: str
    id: str
    name: str
    state: State
    bytes: int | None = None
    validator: str | None = None
    error: str | None = None


def line_of(row: Row) -> bytes:
    """Write a row as a line."""
    known = {
        "key": row.key,
        "id": _plain(row.id),
        "name": row.name,
        "state": row.state,
        "bytes": row.bytes,
        "validator": row.validator and _plain(row.validator),
        "error": row.error and _plain(row.error),
    }
    return orjson.dumps({name: value for name, value in known.items() if value is not None}) + b"\n"


def row_of(line: bytes) -> Row | None:
    """Read a line; None for one that is torn, or that no run of ours wrote."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not line.endswith(b"\n"):
        return None
    key, identity, name, state = (found.get(part) for part in ("key", "id", "name", "state"))
    size, validator, error = (found.get(part) for part in ("bytes", "validator", "error"))
    if not (isinstance(key, str) and isinstance(identity, str) and isinstance(name, str)):
        return None
    # The journal lies in a folder that others may write to: its names are trusted no more than a server's.
    if state not in ("started", "done", "failed") or safe_name(name) != name:
        return None
    return Row(
        key=key,
        id=identity,
        name=name,
        state=state,
        bytes=size if type(size) is int and 0 <= size < 2**63 else None,
        validator=validator if isinstance(validator, str) else None,
        error=error if isinstance(error, str) else None,
    )


class Journal:
    """Reads and appends rows. A row is on disk whole, or not at all."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._end = os.fstat(descriptor).st_size
        self._torn = False
        if self._end:
            os.lseek(descriptor, -1, os.SEEK_END)
            self._torn = os.read(descriptor, 1) != b"\n"

    def rows(self) -> Iterator[Row]:
        """Read the rows, oldest first, skipping what can't be read."""
        with os.fdopen(os.dup(self.descriptor), "rb") as lines:
            lines.seek(0)
            while line := lines.readline(_LONGEST_LINE):
                row = row_of(line)
                if row is not None:
                    yield row

    def sync(self) -> None:
        """Make what was written last."""
        os.fsync(self.descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    def append(self, rows: Iterable[Row]) -> None:
        """Write rows.

        Raises:
            OSError: there is no room for them; none of them is left half written.
        """
        text = (b"\n" if self._torn else b"") + b"".join(map(line_of, rows))
        try:
            written = 0
            while written < len(text):
                written += os.write(self.descriptor, text[written:])
        except OSError:
            os.ftruncate(self.descriptor, self._end)
            raise
        self._torn = False
        self._end += len(text)


def _plain(text: str) -> str:
    return mask_queries(text).encode("utf-8", "replace").decode()
