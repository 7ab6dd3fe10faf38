"""Exit statuses, the errors of commands, and the check for the sandbox's extra."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

OK: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130


class CommandError(Exception):
    """A command can't continue. The message is one line for the user."""


class UsageError(CommandError):
    """The arguments are wrong. Nothing was sent."""


class Interrupted(KeyboardInterrupt):
    """The user pressed Ctrl-C. The message says how to continue."""


_SANDBOX_PACKAGES: Final = ("PIL", "numpy", "av")


def need_extra(extra: str, packages: Sequence[str]) -> None:
    """Check that the packages of an extra are installed.

    Raises:
        CommandError: one is missing. The message says how to install it.
    """
    if any(find_spec(package) is None for package in packages):
        raise CommandError(f"this needs an extra: pip install 'ninepic-async[{extra}]'")


def need_sandbox() -> None:
    """Check that the packages of the extra ``sandbox`` are installed.

    Raises:
        CommandError: one is missing. The message says how to install it.
    """
    if any(find_spec(module) is None for module in _SANDBOX_PACKAGES):
        raise CommandError("this needs the sandbox's extra: pip install 'ninepic-async[sandbox]'")
