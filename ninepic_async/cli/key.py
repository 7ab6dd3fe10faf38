"""Where the API key comes from: never from an argument, which every user of the machine could read."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from collections.abc import Sequence
from typing import Final

from ninepic_async.cli.errors import UsageError
from ninepic_async.cli.terminal import complain

_LONGEST: Final = 4096
_STDIN: Final = "-"
_ARGUMENTS: Final = ("--api-key", "--key", "--api_key")
_HOW: Final = "set NINEPIC_API_KEY, or give --api-key-file PATH (- reads stdin)"


def refuse_argument(argv: Sequence[str]) -> None:
    """Refuse a key among the arguments, without repeating it.

    Raises:
        UsageError: there is one.
    """
    for argument in argv:
        if argument == "--":
            return
        if argument.partition("=")[0] in _ARGUMENTS:
            raise UsageError(
                f"an API key is not taken as an argument, where other users of this machine see it: {_HOW}. "
                "If it was a real one, deactivate it"
            )


def read_api_key(file: str | None) -> str | None:
    """Find the key: in the file, in the environment, or by asking whoever sits there.

    Args:
        file: a path, ``-`` for stdin, or None.

    Returns:
        The key; None leaves it to the client, which reads the environment.

    Raises:
        UsageError: there is none, or the file holds none.
    """
    if file is not None:
        return _from_file(file)
    if os.environ.get("NINEPIC_API_KEY"):
        return None
    if sys.stderr.isatty() and _somebody_types():
        return _asked()
    raise UsageError(f"there is no API key: {_HOW}")


def _somebody_types() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _asked() -> str:
    return _checked(getpass.getpass("9Pic API key (not shown): "), "what was typed")


def _from_file(file: str) -> str:
    if file == _STDIN:
        if _somebody_types():
            return _asked()
        return _checked(sys.stdin.read(_LONGEST) if sys.stdin else "", "stdin")
    try:
        with open(file, encoding="utf-8") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
                complain(f"{file} can be read by other users of this machine: chmod 600 {file}")
            return _checked(opened.read(_LONGEST), file)
    except FileNotFoundError:
        # Not repeated: it may be the key itself.
        raise UsageError("--api-key-file: there is no such file; give a file's path, never the key") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"--api-key-file {file} can't be read: {why}") from None


def _checked(text: str, where: str) -> str:
    key = text.strip()
    if not key or len(key.split()) != 1:
        raise UsageError(f"{where} holds no API key: it must be one word, and nothing else")
    return key
