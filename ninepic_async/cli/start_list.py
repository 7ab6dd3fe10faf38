"""Read a start list: BIBs, one a line, or a CSV file with a column of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ninepic_async.cli.errors import UsageError

_LONGEST_BYTES: Final = 64 * 1024 * 1024
_HEADINGS: Final = frozenset({"bib", "bibs", "bib number", "bib no", "race number", "start number"})


def read_start_list(path: Path) -> list[str]:
    """Return the BIBs of a start list.

    Args:
        path: a text file in UTF-8: one BIB a line, or CSV whose first line names a column ``bib``.

    Raises:
        UsageError: it can't be read, or has no BIBs.
    """
    try:
        if path.stat().st_size > _LONGEST_BYTES:
            raise UsageError(f"--bibs {path}: the file is larger than 64 MiB: give a list of BIBs")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--bibs {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--bibs {path}: the file is not text in UTF-8: save it as such") from error
    try:
        found = [bib.strip() for bib in _bibs(text.splitlines(), path) if bib.strip()]
    except csv.Error as error:
        raise UsageError(f"--bibs {path}: the file is not CSV: {error}") from error
    if not found:
        raise UsageError(f"--bibs {path}: there are no BIBs in it: give one a line")
    return found


def _bibs(lines: list[str], path: Path) -> Iterator[str]:
    if not lines:
        return
    comma = max(",;\t", key=lines[0].count)
    rows = csv.reader(lines, delimiter=comma)
    first = next(rows)
    names = [name.strip().casefold().replace("_", " ") for name in first]
    place = next((place for place, name in enumerate(names) if name in _HEADINGS), None)
    if place is None and len(first) > 1:
        raise UsageError(
            f"--bibs {path}: its first line names no column bib: name it, or give one BIB a line"
        )
    if place is None:
        yield first[0] if first else ""
    for row in rows:
        if len(row) > (place or 0):
            yield row[place or 0]
