"""What a command says on the terminal, when it goes well and when it does not."""

from __future__ import annotations

import io
import sys


class CommandError(Exception):
    """A command can't go on; the text is a line for whoever gave it."""


def say(text: str = "") -> None:
    """Write a line, at once: somebody is watching."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write what went wrong, in one line, where errors go."""
    sys.stderr.write(f"ninepic: {' '.join(text.split())}\n")


def speak_any_encoding() -> None:
    """Let a terminal that can't show a character show its number instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
