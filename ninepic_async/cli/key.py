"""Read the API key, but never from an argument: all users of the machine can see arguments."""

from __future__ import annotations

import getpass
import os
import re
import stat
import sys
from collections.abc import Sequence
from typing import Final

from ninepic_async.cli.errors import UsageError
from ninepic_async.cli.terminal import print_error

_LONGEST: Final = 4096
_STDIN: Final = "-"
_HOW: Final = "set NINEPIC_API_KEY, run `ninepic configure`, or give --api-key-file PATH (- reads stdin)"
_REFUSED: Final = (
    f"do not give the API key as an argument: other users of this machine can see it; {_HOW}. "
    "If it was a real key, deactivate it"
)
_KEY_OPTIONS: Final = frozenset({"apikey", "key", "token", "apitoken", "secret", "password", "xapikey"})
_KEY_START: Final = re.compile(r"9pic[_-]", re.IGNORECASE)
_NO_KEY: Final = re.compile(
    r"""[./~].*|.*://.*|\d{4}-\d\d.*                               # paths, URLs, dates
    |.*\.(jpe?g|png|webp|heic|avif|tiff?|mp4|html?|ini|txt|json)  # file names
    |[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}                    # UUIDs""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_LETTERS_AND_DIGITS: Final = re.compile(r"(?=.*[a-z])(?=.*[0-9]).{8,}", re.IGNORECASE | re.DOTALL)
_LONG_WORD: Final = 20


def refuse_key_option(argv: Sequence[str]) -> None:
    """Raise for an option such as ``--api-key``, without repeating its value.

    Raises:
        UsageError: there is such an option.
    """
    for argument in argv:
        if argument == "--":
            return
        if argument.startswith("--") and _option_name(argument) in _KEY_OPTIONS:
            raise UsageError(_REFUSED)


def refuse_key_value(argv: Sequence[str]) -> None:
    """Raise for an argument that is a key, without repeating it.

    Raises:
        UsageError: an argument is the key of the environment, or starts like a key of 9Pic.
    """
    known = os.environ.get("NINEPIC_API_KEY")
    for argument in argv:
        for text in (argument, argument.partition("=")[2]):
            if text and (text == known or _KEY_START.match(text)):
                raise UsageError(_REFUSED)


def hide_keys(text: str, argv: Sequence[str], *, is_usage: bool = False) -> str:
    """Replace each argument that may be a key by ``***`` in an error message.

    Args:
        text: the error message.
        argv: the command's arguments.
        is_usage: whether the error is about the arguments. Then any text of letters and digits may be a key.
    """
    for argument in argv:
        name, is_assigned, value = argument.partition("=")
        given = value if is_assigned and name.startswith("-") else argument
        if _may_be_key(given, is_usage):
            text = text.replace(given, "***")
    return text


def _may_be_key(text: str, is_usage: bool) -> bool:
    if _NO_KEY.fullmatch(text):
        return False
    words = [text] if is_usage else re.split(r"[-_. ]", text)
    return bool(_KEY_START.match(text)) or any(
        _LETTERS_AND_DIGITS.fullmatch(word) or len(word) >= _LONG_WORD for word in words
    )


def _option_name(argument: str) -> str:
    return re.sub(r"[-_]", "", argument.partition("=")[0]).casefold()


def prompt_for_key(otherwise: str = _HOW) -> str:
    """Ask for the key on a terminal, without showing it.

    Args:
        otherwise: other sources of the key, for the error message.

    Raises:
        UsageError: there is no terminal, or the input is not a key.
    """
    if not can_ask():
        raise UsageError(f"no API key: {otherwise}")
    return _checked(getpass.getpass("9Pic API key (not shown): "), "the input")


def can_ask() -> bool:
    """Return whether a person can see a question and type the answer."""
    return sys.stderr.isatty() and stdin_is_terminal()


def stdin_is_terminal() -> bool:
    """Return whether stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def key_from_file(file: str) -> str:
    """Read the key from a file, or from stdin for ``-``.

    Raises:
        UsageError: the file can't be read, or does not hold a key.
    """
    if file == _STDIN:
        if stdin_is_terminal():
            return prompt_for_key()
        return _checked(sys.stdin.read(_LONGEST) if sys.stdin else "", "stdin")
    try:
        with open(file, encoding="utf-8") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
                print_error(f"{file} can be read by other users of this machine: chmod 600 {file}")
            return _checked(opened.read(_LONGEST), file)
    except FileNotFoundError:
        # Don't repeat the path: it may be the key itself.
        raise UsageError("--api-key-file: no such file; give the path of a file, not the key") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"--api-key-file {file} can't be read: {why}") from None


def _checked(text: str, where: str) -> str:
    key = text.strip()
    if not key or len(key.split()) != 1:
        raise UsageError(f"{where} holds no API key: it must hold exactly one word")
    return key
