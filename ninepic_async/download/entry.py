"""Where a bulk fetch begins: its arguments are checked, and the run is set up."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ninepic_async._arguments import folder
from ninepic_async.download.plan import Plan, Rendition, Source
from ninepic_async.download.records import DownloadReport
from ninepic_async.download.run import Settings, run
from ninepic_async.errors import InvalidInputError
from ninepic_async.models import PresignedUrlItem

if TYPE_CHECKING:
    from ninepic_async.event import Event


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
    path = folder(to, "to")

    async def sign(ids: Sequence[str]) -> Sequence[PresignedUrlItem]:
        return (await event.originals(image_ids=ids).first_page()).items

    return await run(Plan(source, rendition, sign), path, event._engine, settings)
