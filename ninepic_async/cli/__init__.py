"""The command line, ``ninepic`` (extra ``cli``). A command's module is imported when the command runs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final, NoReturn

from ninepic_async.cli.errors import FAILED, INTERRUPTED
from ninepic_async.cli.terminal import print_error, ready_streams

_EXTRA: Final = ("cyclopts", "rich")


def script() -> NoReturn:
    """Run one command and exit the process with its status."""
    status = main()
    if status == INTERRUPTED:
        # A second Ctrl-C, while Python waits for threads at exit, must end the process without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: command-line arguments; None uses those of the process.

    Returns:
        The exit status: 0 on success, 1 if something failed or is missing, 2 for wrong arguments, 130 after
        Ctrl-C.
    """
    ready_streams()
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt as stop:
        print_error(str(stop) or "interrupted")
        return INTERRUPTED


def _run(argv: Sequence[str]) -> int:
    if any(find_spec(module) is None for module in _EXTRA):
        print_error("the command line needs an extra: pip install 'ninepic-async[cli]'")
        return FAILED
    from ninepic_async.cli.program import run

    return run(argv)
