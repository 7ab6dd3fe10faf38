"""``ninepic completion``: the commands and options, for a shell to complete."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

Shell = Annotated[Literal["bash", "zsh", "fish"], Parameter(help="Which shell the script is for.")]


def completion(shell: Shell, /) -> None:
    """Print a script that lets a shell complete commands and options."""
    from ninepic_async.cli.program import program

    sys.stdout.write(program().generate_completion(shell=shell))
