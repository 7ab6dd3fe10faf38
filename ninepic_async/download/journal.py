"""The journal of a folder: a JSON line for each change of a file's state. Lines are only appended."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from attrs import field, frozen

from ninepic_async._support.jsonl import LONGEST_LINE_BYTES, append_rows, parse_line
from ninepic_async._support.redact import mask_queries
from ninepic_async.download.names import safe_name

FILE_NAME: Final = ".ninepic-journal.jsonl"
_BLOCK_BYTES: Final = 256 * 1024
_STATES: Final = ("started", "done", "failed")

State = Literal["started", "done", "failed"]


@frozen(kw_only=True)
class Listed:
    """A photo's position in a list of the service.

    Attributes:
        list: the list's name. Positions in one list can be compared.
        place: the photo's position in the list, from 0. 9Pic lists photos by capture time.
        hour: the UTC hour in which the photo was taken, such as ``2026-01-19T06``, if the timeline has it.
    """

    list: str
    place: int
    hour: str | None = None


@frozen(kw_only=True)
class Row:
    """One line about a photo.

    Attributes:
        key: identifies the photo in later runs; see `identity`.
        id: the photo's id, for people.
        name: the file's name in the folder.
        state: ``started`` for a large file that is not complete yet, ``done`` or ``failed``.
        bytes: the size of the complete file, if known.
        validator: the host's ETag or date of this version of the file, needed to resume it.
        error: why it failed.
        replaces: whether an earlier run has stored the file, so that a new version may replace it.
        listed: the photo's position in a list of the service, if known.
    """

    key: str
    id: str
    name: str
    state: State
    bytes: int | None = None
    validator: str | None = None
    error: str | None = None
    replaces: bool = False
    listed: Listed | None = field(default=None)


@frozen(kw_only=True)
class EventNote:
    """One line about the event of a folder's photos."""

    event_id: int
    event_name: str


def to_object(row: Row | EventNote) -> dict[str, Any]:
    """Return the JSON object of a line."""
    if isinstance(row, EventNote):
        return {"event_id": row.event_id, "event_name": _plain(row.event_name)}
    listed = row.listed
    fields = {
        "key": row.key,
        "id": _plain(row.id),
        "name": row.name,
        "state": row.state,
        "bytes": row.bytes,
        "validator": row.validator and _plain(row.validator),
        "error": row.error and _plain(row.error),
        "replaces": row.replaces or None,
        "list": listed and _plain(listed.list),
        "place": listed and listed.place,
        "hour": listed and listed.hour,
    }
    return {name: value for name, value in fields.items() if value is not None}


def to_row(value: dict[str, Any]) -> Row | None:
    """Return the row of a JSON object; None if the object is not a row that a run has written.

    ``listed`` is left out: a run does not need it, and a journal can have a million rows.
    """
    key, identity, name, state = map(value.get, ("key", "id", "name", "state"))
    if not (isinstance(key, str) and isinstance(identity, str) and isinstance(name, str)):
        return None
    # Others may write to the folder too, so a name from the journal is checked like one from the service.
    if state not in _STATES or safe_name(name) != name:
        return None
    size, validator, error = map(value.get, ("bytes", "validator", "error"))
    return Row(
        key=key,
        id=identity,
        name=name,
        state=state,
        bytes=size if type(size) is int and 0 <= size < 2**63 else None,
        validator=validator if isinstance(validator, str) else None,
        error=error if isinstance(error, str) else None,
        replaces=value.get("replaces") is True,
    )


class Journal:
    """Reads and appends lines. A line is appended completely or not at all."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._end = os.fstat(descriptor).st_size
        """The size at the start. Later lines are of this run."""

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the lines of earlier runs with their offsets. Skip lines that hold no JSON object."""
        for offset, line in self._lines():
            value = parse_line(line)
            if value is not None:
                yield offset, value

    def row_at(self, offset: int) -> Row | None:
        """Return the row that starts at an offset."""
        os.lseek(self.descriptor, offset, os.SEEK_SET)
        line = os.read(self.descriptor, LONGEST_LINE_BYTES).partition(b"\n")[0]
        value = parse_line(line + b"\n")
        return None if value is None else to_row(value)

    def append(self, rows: Sequence[Row | EventNote]) -> list[int]:
        """Append lines, and return their offsets.

        Raises:
            OSError: writing failed, for example because the disk is full. No incomplete line is left.
        """
        return append_rows(self.descriptor, map(to_object, rows))

    def sync(self) -> None:
        """Flush the lines to disk."""
        os.fsync(self.descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines with their offsets. Skip a line that is longer than any line of a run."""
        offset, position, rest = 0, 0, b""
        while position < self._end:
            os.lseek(self.descriptor, position, os.SEEK_SET)
            block = os.read(self.descriptor, min(_BLOCK_BYTES, self._end - position))
            if not block:
                return
            position += len(block)
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                if len(line) < LONGEST_LINE_BYTES:
                    yield offset, line + b"\n"
                offset += len(line) + 1
            if len(rest) >= LONGEST_LINE_BYTES:
                # Keep only enough of the line to know that it is too long.
                excess = len(rest) - LONGEST_LINE_BYTES
                offset, rest = offset + excess, rest[excess:]


def _plain(text: str) -> str:
    return mask_queries(text).encode("utf-8", "replace").decode()
