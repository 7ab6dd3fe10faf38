"""Read the API key. Never take it as an argument: all users of the machine can see those."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from collections.abc import Sequence
from typing import Final

from ninepic_async.cli.errors import UsageError
from ninepic_async.cli.terminal import print_error

_LONGEST: Final = 4096
_STDIN: Final = "-"
_ARGUMENTS: Final = ("--api-key", "--key", "--api_key")
_HOW: Final = "set NINEPIC_API_KEY, or give --api-key-file PATH (- reads stdin)"


def refuse_argument(argv: Sequence[str]) -> None:
    """Refuse a key given as an argument, without repeating it.

    Raises:
        UsageError: an argument names a key.
    """
    for argument in argv:
        if argument == "--":
            return
        if argument.partition("=")[0] in _ARGUMENTS:
            raise UsageError(
                f"do not give the API key as an argument: other users of this machine can see it; {_HOW}. "
                "If it was a real key, deactivate it"
            )


def read_api_key(file: str | None) -> str | None:
    """Read the key from the file or the environment, or ask for it on a terminal.

    Args:
        file: a path, ``-`` for stdin, or None.

    Returns:
        The key; None if the client reads it from the environment.

    Raises:
        UsageError: there is no key, or the file does not hold one.
    """
    if file is not None:
        return _from_file(file)
    if os.environ.get("NINEPIC_API_KEY"):
        return None
    if sys.stderr.isatty() and _stdin_is_terminal():
        return _prompt()
    raise UsageError(f"no API key: {_HOW}")


def _stdin_is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _prompt() -> str:
    return _checked(getpass.getpass("9Pic API key (not shown): "), "the input")


def _from_file(file: str) -> str:
    if file == _STDIN:
        if _stdin_is_terminal():
            return _prompt()
        return _checked(sys.stdin.read(_LONGEST) if sys.stdin else "", "stdin")
    try:
        with open(file, encoding="utf-8") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
                print_error(f"{file} can be read by other users of this machine: chmod 600 {file}")
            return _checked(opened.read(_LONGEST), file)
    except FileNotFoundError:
        # Don't repeat the path: it may be the key itself.
        raise UsageError("--api-key-file: no such file; give a file's path, never the key") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"--api-key-file {file} can't be read: {why}") from None


def _checked(text: str, where: str) -> str:
    key = text.strip()
    if not key or len(key.split()) != 1:
        raise UsageError(f"{where} holds no API key: it must hold one word and nothing else")
    return key
