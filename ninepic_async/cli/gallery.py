"""``ninepic gallery``: a page to look at what was fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ninepic_async.cli.failure import CommandError
from ninepic_async.cli.options import OUTPUT, Output, Work
from ninepic_async.cli.terminal import say, say_json


def gallery(
    folder: Annotated[Path, Parameter(help="Where `download` put them.")], /, *, output: Output = OUTPUT
) -> Work:
    """Make index.html in a folder of fetched photos and clips. It needs no network to be looked at."""
    return _gallery(folder, output)


async def _gallery(folder: Path, output: Output) -> None:
    page = await make_gallery(folder)
    if output.json:
        say_json({"gallery": str(page)})
    else:
        say(str(page))


async def make_gallery(folder: Path) -> Path:
    """Write the page, in a thread."""
    raise CommandError("there is no gallery yet")
