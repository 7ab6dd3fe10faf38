"""``ninepic completion``: print a completion script for a shell."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

Shell = Annotated[Literal["bash", "zsh", "fish"], Parameter(help="The shell.")]


def completion(shell: Shell, /) -> None:
    """Print a script that completes commands and options in a shell."""
    from ninepic_async.cli.program import program

    sys.stdout.write(program().generate_completion(shell=shell))
