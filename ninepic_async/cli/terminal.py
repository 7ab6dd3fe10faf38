"""Where a command's words go: data to stdout, all about it to stderr, and nothing that is obeyed."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from ninepic_async.cli.escape import plain

if TYPE_CHECKING:
    from rich.console import Console


def console(stream: TextIO) -> Console:
    """Give a console that takes no markup, and styles only a terminal, unless ``NO_COLOR`` is set."""
    from rich.console import Console

    return Console(
        file=stream,
        force_terminal=stream.isatty(),
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        markup=False,
        emoji=False,
        highlight=False,
    )


def say(text: str = "") -> None:
    """Write a line of data, at once: somebody is watching."""
    sys.stdout.write(plain(text) + "\n")
    sys.stdout.flush()


def say_json(document: Mapping[str, object]) -> None:
    """Write a document on a line of its own, in ASCII: whole on any terminal, and obeyed by none."""
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()  # a program may be waiting for it


def tell(text: str) -> None:
    """Write a line about what is going on, where it does not mix with data."""
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()


def complain(text: str) -> None:
    """Write what went wrong, in one line."""
    tell(f"ninepic: {' '.join(text.split())}")


def ready_streams() -> None:
    """Let a terminal that can't show a character show its number; what goes to a closed stream is dropped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (for as long as the process runs)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
