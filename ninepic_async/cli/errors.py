"""What a command can end with: its exit status, and the words for it."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130


class CommandError(Exception):
    """A command can't go on; the text is a line for whoever gave it."""


class UsageError(CommandError):
    """A command was given something that can't be right; nothing was sent."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with a line on how to go on."""
