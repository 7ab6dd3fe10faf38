"""The command line, ``ninepic``, of the extra ``cli``. A command's room is imported when it is called."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final, NoReturn

from ninepic_async.cli.errors import FAILED, INTERRUPTED
from ninepic_async.cli.terminal import complain, ready_streams

_EXTRA: Final = ("cyclopts", "rich")


def script() -> NoReturn:
    """Be ``ninepic``: run one command, and end the process with its exit status."""
    status = main()
    if status == INTERRUPTED:
        # Who presses Ctrl-C once more, while threads are waited for, wants out and not a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments; None takes the process's own.

    Returns:
        The exit status: 0 if all of it worked, 1 if something failed or is missing, 2 for wrong usage, 130
        after Ctrl-C.
    """
    ready_streams()
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt as stop:
        complain(str(stop) or "interrupted")
        return INTERRUPTED


def _run(argv: Sequence[str]) -> int:
    if any(find_spec(module) is None for module in _EXTRA):
        complain("the command line needs an extra: pip install 'ninepic-async[cli]'")
        return FAILED
    from ninepic_async.cli.program import run

    return run(argv)
