"""The bulk fetcher behind ``event.download``: many files into one folder, complete, resumable at any point.

Each file is written as ``.part``, its length and content are checked, it is made to last (``fdatasync``), and
then gets its name; only then does the journal call it done. So a file under its final name is whole after a
``kill -9``, and after a power loss too where the filesystem keeps a rename behind the data written before it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ninepic_async.download.plan import Plan, Rendition, Source
from ninepic_async.download.records import DownloadProgress, DownloadReport, FailedDownload
from ninepic_async.download.run import MAX_BYTES, Concurrency, OnProgress, Settings, run
from ninepic_async.errors import InvalidInputError
from ninepic_async.models import PresignedUrlItem

if TYPE_CHECKING:
    from ninepic_async.event import Event

__all__ = [
    "MAX_BYTES",
    "Concurrency",
    "DownloadProgress",
    "DownloadReport",
    "FailedDownload",
    "OnProgress",
    "Rendition",
    "Settings",
    "Source",
    "download",
]


async def download(
    event: Event,
    source: Source,
    to: str | os.PathLike[str],
    rendition: Rendition,
    settings: Settings,
) -> DownloadReport:
    """Fetch a source into a folder; see `Event.download`."""
    if rendition not in ("large", "thumbnail"):
        raise InvalidInputError(f"rendition={rendition!r}: give 'large' or 'thumbnail'")
    if not isinstance(to, (str, os.PathLike)) or not os.fspath(to):
        raise InvalidInputError(f"to={to!r}: give the path of a folder")

    async def sign(ids: Sequence[str]) -> Sequence[PresignedUrlItem]:
        return (await event.originals(image_ids=ids).first_page()).items

    return await run(Plan(source, rendition, sign), to, event._engine, settings)
