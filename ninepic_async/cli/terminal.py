"""Write data to stdout and messages to stderr, with control characters escaped."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final, TextIO

from attrs import frozen

from ninepic_async._support.text import count_text, one_line

if TYPE_CHECKING:
    from rich.console import Console


_REASONS_SHOWN: Final = 5
_NO_LINKS: Final = frozenset({"dumb", "linux", "cons25", "emacs", "eterm-color", "unknown"})


def console(stream: TextIO) -> Console:
    """Create a rich console without markup. It styles text only on terminals and without ``NO_COLOR``."""
    from rich.console import Console

    return Console(
        file=stream,
        force_terminal=stream.isatty(),
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        markup=False,
        emoji=False,
        highlight=False,
    )


def has_links(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows links (OSC 8), or ignores them silently."""
    forced = os.environ.get("FORCE_HYPERLINK")
    if not stream.isatty() or os.environ.get("NO_COLOR") or forced == "0":
        return False
    known_bad = os.environ.get("TERM", "dumb") in _NO_LINKS
    return bool(forced) or not known_bad


def print_line(text: str = "") -> None:
    """Write a line of data to stdout and flush it."""
    sys.stdout.write(plain(text) + "\n")
    sys.stdout.flush()


def print_json(document: Mapping[str, object]) -> None:
    """Write a JSON document as one ASCII line, which is safe on any terminal."""
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()  # a program may be waiting for it


def print_note(text: str) -> None:
    """Write a line to stderr, so that it does not mix with data."""
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()


def print_error(text: str) -> None:
    """Write an error to stderr, as one line."""
    print_note(f"ninepic: {' '.join(text.split())}")


def print_failures(failures: Iterable[tuple[str, str]], what: str = "") -> None:
    """Write to stderr what failed and why: one line for each reason, five lines at most.

    Args:
        failures: names and reasons.
        what: what happened to them, for after the names.
    """
    names: dict[str, list[str]] = {}
    for name, reason in failures:
        names.setdefault(reason, []).append(name)
    for reason, (first, *others) in islice(names.items(), _REASONS_SHOWN):
        more = f" and {len(others):,} more" if others else ""
        print_error(f"{first}{more}{what}: {reason}")
    if left := sum(map(len, islice(names.values(), _REASONS_SHOWN, None))):
        print_error(f"and {left:,} more")


def ready_streams() -> None:
    """Escape characters that a stream can't encode. Redirect closed streams to the null device."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open until the process ends)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def plain(text: object) -> str:
    """Return text as one line with control characters escaped; see `one_line`."""
    return one_line(str(text))


@frozen
class Noun:
    """A noun and an optional phrase after it, for the summary line of a list."""

    singular: str
    phrase: str = ""

    def count(self, number: int) -> str:
        """Return a count, such as ``12 photos of BIB 7`` or ``No photos``."""
        counted = count_text(number, self.singular) if number else f"No {self.singular}s"
        return f"{counted} {self.phrase}".rstrip()
