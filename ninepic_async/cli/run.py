"""Running a command to its end, and saying in a line or two how that was."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Final

from ninepic_async.cli.errors import FAILED, OK, WRONG_USAGE, CommandError, UsageError
from ninepic_async.cli.terminal import complain, tell

Command = Callable[[], object]
"""Does its work, or gives the coroutine that does; what comes of that is an exit status, or None for 0."""

_LOGGER: Final = "ninepic_async"


def supervise(command: Command, *, debug: bool = False) -> int:
    """Run a command, and turn each way it can fail into a status and, if need be, into words.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    try:
        with _log_to_stderr(debug):
            status = _run(command)
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return FAILED
    except Exception as error:
        return _explain(error, debug)
    return status


def _run(command: Command) -> int:
    work = command()
    if isinstance(work, Coroutine):
        import asyncio

        work = asyncio.run(work)
    return work if isinstance(work, int) else OK


def _explain(error: Exception, debug: bool) -> int:
    from ninepic_async.cli.hints import advice
    from ninepic_async.errors import ConfigError, NinePicError

    if debug:
        _show_traceback(error)
    expected = isinstance(error, (NinePicError, CommandError, OSError, ImportError))
    complain(str(error) if expected and str(error) else f"{type(error).__name__}: {error}".rstrip(": "))
    hint = advice(error) if expected else "This should not have happened. --debug shows where it did."
    if hint:
        tell(f"  {hint}")
    return WRONG_USAGE if isinstance(error, (UsageError, ConfigError)) else FAILED


def _show_traceback(error: Exception) -> None:
    import traceback

    from ninepic_async._support.redact import mask_queries

    for line in mask_queries("".join(traceback.format_exception(error))).splitlines():
        tell(line)


def _forget_stdout() -> None:
    """Leave quietly when whoever read our output has left; Python would stumble over that once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _ToStderr(logging.Handler):
    """Tells what the SDK logs, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(f"ninepic: {' '.join(record.getMessage().split())}")


@contextmanager
def _log_to_stderr(debug: bool) -> Iterator[None]:
    logger, handler = logging.getLogger(_LOGGER), _ToStderr()
    level = logger.level
    logger.addHandler(handler)
    if debug:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
