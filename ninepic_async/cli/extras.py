"""What a command needs that is not always installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from ninepic_async.cli.errors import CommandError

_SANDBOX: Final = ("PIL", "numpy", "av")


def need_sandbox() -> None:
    """Check that the sandbox can be had.

    Raises:
        CommandError: it can't; it says how to change that.
    """
    if any(find_spec(module) is None for module in _SANDBOX):
        raise CommandError("this needs the sandbox's extra: pip install 'ninepic-async[sandbox]'")
