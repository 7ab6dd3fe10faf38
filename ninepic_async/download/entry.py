"""Where a bulk fetch begins: its arguments are checked, and the run is set up."""

from __future__ import annotations

import os

from ninepic_async._core.engine import Engine
from ninepic_async._support.arguments import folder
from ninepic_async.download.report import DownloadReport
from ninepic_async.download.run import Settings, run
from ninepic_async.download.source import Plan, Rendition, SignIds, Source
from ninepic_async.errors import InvalidInputError


async def download(
    engine: Engine,
    sign: SignIds,
    source: Source,
    to: str | os.PathLike[str],
    rendition: Rendition,
    settings: Settings,
) -> DownloadReport:
    """Fetch a source into a folder; see `Event.download`."""
    if rendition not in ("large", "thumbnail"):
        raise InvalidInputError(f"rendition={rendition!r}: give 'large' or 'thumbnail'")
    path = folder(to, "to")
    return await run(Plan(source, rendition, sign), path, engine, settings)
