"""Run a command, and report its error in a line or two."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ninepic_async.cli.errors import FAILED, OK, WRONG_USAGE, CommandError, UsageError
from ninepic_async.cli.key import hide_keys
from ninepic_async.cli.terminal import print_error, print_note

Command = Callable[[], object]
"""A function that does the work, or returns a coroutine for it. The result is an exit status; None is 0."""

_LOGGER: Final = "ninepic_async"
_NUMBERS: Final = re.compile(r" \(after \d+ attempts\)|[0-9.]+")
_KINDS_KEPT: Final = 1000


def supervise(command: Command, argv: Sequence[str] = (), *, debug: bool = False) -> int:
    """Run a command, and return its exit status. Print a message for an error.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl-C.
    """
    try:
        with _log_to_stderr(debug):
            status = _run(command)
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return FAILED
    except Exception as error:
        return _report(error, argv, debug)
    return status


def _run(command: Command) -> int:
    work = command()
    if isinstance(work, Coroutine):
        import asyncio

        work = asyncio.run(work)
    return work if isinstance(work, int) else OK


def _report(error: Exception, argv: Sequence[str], debug: bool) -> int:
    from ninepic_async.cli.hints import hint_for, in_terms_of_options
    from ninepic_async.errors import ConfigError, NinePicError

    if debug:
        _show_traceback(error, argv)
    expected = isinstance(error, (NinePicError, CommandError, OSError, ImportError))
    text = str(error) if expected and str(error) else f"{type(error).__name__}: {error}".rstrip(": ")
    wrong_usage = isinstance(error, (UsageError, ConfigError))
    print_error(hide_keys(in_terms_of_options(text), argv, is_usage=wrong_usage))
    hint = (
        hint_for(error, argv) if expected else "This is a bug. Run it again with --debug to see where it is."
    )
    if hint:
        print_note(f"  {hint}")
    return WRONG_USAGE if wrong_usage else FAILED


def _show_traceback(error: Exception, argv: Sequence[str]) -> None:
    import traceback

    from ninepic_async._support.redact import mask_queries

    text = hide_keys(mask_queries("".join(traceback.format_exception(error))), argv, is_usage=True)
    for line in text.splitlines():
        print_note(line)


def _discard_stdout() -> None:
    """Redirect stdout to the null device, because its reader has gone and Python flushes stdout at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _StderrHandler(logging.Handler):
    """Writes the SDK's log records to stderr, above a progress bar if there is one.

    Records that differ only in numbers are written once, so that five retries are one line.
    """

    def __init__(self, *, every: bool) -> None:
        super().__init__()
        self._every = every
        self._written: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        kind = _NUMBERS.sub("", text)
        if self._every:
            print_note(f"{time.strftime('%H:%M:%S')} {record.levelname:<7} ninepic: {text}")
        elif kind not in self._written:
            print_error(text)
        if len(self._written) < _KINDS_KEPT:
            self._written.add(kind)


@contextmanager
def _log_to_stderr(debug: bool) -> Iterator[None]:
    logger, handler = logging.getLogger(_LOGGER), _StderrHandler(every=debug)
    level = logger.level
    logger.addHandler(handler)
    if debug:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
