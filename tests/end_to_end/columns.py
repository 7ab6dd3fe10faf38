"""The columns of the fault matrix: a call for each endpoint, and what of its result is no matter of ports."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

from attrs import frozen
from PIL import Image

from ninepic_async import Event, ImageItem, NinePic, Pager
from ninepic_async.download.run import download
from ninepic_async.download.settings import Settings
from ninepic_async.sandbox import Sandbox

from .calls import Scene
from .tour import empty_event_id

STALLED_AFTER_S: Final = 0.1
FILES: Final = 3
MAX_FILE_BYTES: Final = 10**6
IN_ITS_YEARS: Final = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def _any_picture() -> bytes:
    with BytesIO() as file:
        Image.effect_noise((64, 64), 20).save(file, "JPEG")
        return file.getvalue()


ANY_PICTURE: Final = _any_picture()
"""Good enough where nobody can be found."""


@frozen
class Visit:
    """All that a cell needs."""

    sb: Sandbox
    client: NinePic
    scene: Scene
    folder: Path

    @property
    def event(self) -> Event:
        return self.client.event(self.scene.event_id)

    @property
    def empty_event(self) -> Event:
        return self.client.event(empty_event_id(self.sb))


@frozen
class Column:
    """An endpoint: how it is called, and a key that its replies need."""

    call: Callable[[Visit], Awaitable[object]]
    key: str = ""
    paged: bool = True
    fault_at: str = ""
    """Where it is struck, if not at the endpoint of its name."""


async def _ids(photos: Pager[ImageItem]) -> object:
    found = [photo.image_id for photo in await photos.collect()]
    assert len(found) == len(set(found)), "a photo came twice"
    return found


async def _events(visit: Visit) -> object:
    return [event.event_id for event in await visit.client.events(page_size=10).collect()]


async def _ping(visit: Visit) -> object:
    return (await visit.event.ping()).status


async def _details(visit: Visit) -> object:
    return (await visit.event.details()).event_name


async def _photos(visit: Visit) -> object:
    return await _ids(visit.event.photos(page_size=50))


async def _bib_search(visit: Visit) -> object:
    return await _ids(visit.event.bib_search(visit.scene.bib, page_size=5))


async def _face_search(visit: Visit) -> object:
    search = await visit.empty_event.face_search(ANY_PICTURE)
    visit.sb.assert_one_search_charged()
    return search.total


async def _face_results(visit: Visit) -> object:
    return await _ids(visit.event.face_results(visit.scene.request_id, page_size=5))


async def _timeline_days(visit: Visit) -> object:
    return [(day.date, day.total) for day in await visit.event.timeline_days()]


async def _timeline_photos(visit: Visit) -> object:
    return await _ids(visit.event.timeline_photos(*IN_ITS_YEARS, page_size=50))


async def _start_clips(visit: Visit) -> object:
    await visit.empty_event.start_clips(selfie=ANY_PICTURE)
    visit.sb.assert_one_search_charged()
    return "started"


async def _clip_status(visit: Visit) -> object:
    status = await visit.event.clip_job(visit.scene.request_id).status()
    return status.state, len(status.clips)


async def _originals(visit: Visit) -> object:
    links = await visit.event.originals(bib=visit.scene.bib, page_size=5).collect()
    return [link.filename for link in links]


async def _download(visit: Visit) -> object:
    ids = [visit.sb.event.gallery.photo(place).image_id for place in range(FILES)]
    links = await visit.event.originals(image_ids=ids).collect()
    settings = Settings(stall_s=STALLED_AFTER_S, max_bytes=MAX_FILE_BYTES)
    report = await download(visit.event._engine, visit.event._sign, links, visit.folder, "large", settings)
    report.raise_for_failures()
    return files_in(visit.folder)


def make_files(folder: Path) -> Path:
    """Small JPEGs, for a gallery that takes no time to draw."""
    for place in range(FILES):
        Image.effect_noise((64, 64), 20 + place).save(folder / f"{place}.jpg")
    return folder


def files_in(folder: Path) -> dict[str, str]:
    """What a bulk fetch has left under final names."""
    if not folder.exists():
        return {}
    names = sorted(name for name in os.listdir(folder) if name.endswith(".jpg"))
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in names}


COLUMNS: Final = {
    "events": Column(_events, "$.data.events[1].event_id"),
    "ping": Column(_ping, "$.data.status", paged=False),
    "details": Column(_details, "$.data.event_id", paged=False),
    "photos": Column(_photos, "$.data.images[3].image_id"),
    "bib_search": Column(_bib_search, "$.data.images[0].img_url"),
    "face_search": Column(_face_search, "$.data.images"),
    "face_results": Column(_face_results, "$.data.images[1].thumbnail_url"),
    "timeline_days": Column(_timeline_days, "$.data.days[0].hours[0].count", paged=False),
    "timeline_photos": Column(_timeline_photos, "$.data.images[7].image_id"),
    "start_clips": Column(_start_clips, "$.data.request_id", paged=False),
    "clip_status": Column(_clip_status, "$.data.status", paged=False),
    "originals": Column(_originals, "$.data.presigned_urls[1].url"),
    "download": Column(_download, paged=False, fault_at="original"),
}
