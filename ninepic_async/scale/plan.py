"""The plan: the photos of an event, in one file for each shard. Plan files never change."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Final

import orjson
from attrs import define, field, frozen

from ninepic_async._support.jsonl import parse_line
from ninepic_async.errors import DownloadError
from ninepic_async.models import ImageItem, TimelineDay
from ninepic_async.pagination import Pager
from ninepic_async.scale.database import digest, temporary_database
from ninepic_async.scale.place import Place

PLAN: Final = "_plan"
_NAME: Final = re.compile(rf"{PLAN}/(\d{{6,}})\.jsonl")


@frozen(kw_only=True)
class PlannedPhoto:
    """One photo of the plan.

    Attributes:
        photo: the photo as the service lists it, without signed links.
        index: the photo's index in the list when it was planned, from 0.
        hour: the UTC hour in which the photo was taken, such as ``2026-01-19T06``; None if unknown.
    """

    photo: ImageItem
    index: int = 0
    hour: str | None = None

    def to_line(self) -> bytes:
        """Return the photo as a line of JSON."""
        photo = self.photo
        row = {
            "image_id": photo.image_id,
            "img_url": _unsigned(photo.img_url),
            "thumbnail_url": _unsigned(photo.thumbnail_url),
            "width": photo.width,
            "height": photo.height,
            "place": self.index,
            "hour": self.hour,
        }
        return orjson.dumps({name: value for name, value in row.items() if value is not None}) + b"\n"

    @classmethod
    def from_object(cls, row: dict[str, Any]) -> PlannedPhoto:
        """Build a photo from a parsed line."""
        return cls(
            photo=ImageItem(
                image_id=row["image_id"],
                img_url=row.get("img_url", ""),
                thumbnail_url=row.get("thumbnail_url", ""),
                width=row.get("width"),
                height=row.get("height"),
            ),
            index=row.get("place", 0),
            hour=row.get("hour"),
        )


def _unsigned(url: str) -> str | None:
    """Return a link, or None if it has a query: such a link is signed and expires."""
    return None if "?" in url else url


def plan_name(shard: int) -> str:
    """Return the name of a shard's plan file."""
    return f"{PLAN}/{shard:06}.jsonl"


async def read_plan(place: Place, shard: int) -> list[PlannedPhoto]:
    """Return the planned photos of one shard."""
    content = await place.read(plan_name(shard)) or b""
    rows = [parse_line(line + b"\n") for line in content.splitlines()]
    return [PlannedPhoto.from_object(row) for row in rows if row is not None]


async def planned_shards(place: Place) -> list[int]:
    """Return the numbers of all planned shards."""
    names = await place.names(PLAN)
    found = [int(match[1]) for name in names if (match := _NAME.fullmatch(name))]
    return sorted(found)


class Planner:
    """Writes plan files for photos that are not planned yet.

    The ids of planned photos are in a temporary database, so that memory use does not grow with the event.

    Args:
        place: the archive.
        shard: the number of photos in a shard.
    """

    def __init__(self, place: Place, shard: int) -> None:
        self._place = place
        self._size = shard
        self._db = temporary_database(
            "CREATE TABLE planned (id BLOB PRIMARY KEY, stored INTEGER) WITHOUT ROWID"
        )
        self.sizes: dict[int, int] = {}
        """How many photos each shard has, by its number."""

    @property
    def shards(self) -> list[int]:
        """The shards' numbers, in order."""
        return list(self.sizes)

    @property
    def photos(self) -> int:
        """How many photos are planned."""
        return sum(self.sizes.values())

    def close(self) -> None:
        """Delete the database."""
        self._db.close()

    async def read(self) -> None:
        """Read the plan of earlier runs."""
        for shard in await planned_shards(self._place):
            photos = await read_plan(self._place, shard)
            self.sizes[shard] = len(photos)
            for planned in photos:
                self._is_new(planned.photo.image_id)

    async def extend(self, photos: Pager[ImageItem], hours: Hours) -> AsyncIterator[int]:
        """List all photos once, plan those that are new, and yield each new shard's number."""
        waiting: list[PlannedPhoto] = []
        index = 0
        async with aclosing(photos.pages()) as pages:
            async for page in pages:
                for photo in page.items:
                    if self._is_new(photo.image_id):
                        waiting.append(PlannedPhoto(photo=photo, index=index, hour=hours.of(index)))
                    index += 1
                while len(waiting) >= self._size:
                    yield await self._write(waiting[: self._size])
                    del waiting[: self._size]
        if waiting:
            yield await self._write(waiting)

    def note_stored(self, image_ids: Iterable[str]) -> None:
        """Record that earlier runs have stored these photos."""
        query = "UPDATE planned SET stored = 1 WHERE id = ?"
        self._db.executemany(query, ((digest(each),) for each in image_ids))

    def was_stored(self, image_id: str) -> bool:
        """Return whether an earlier run has stored a photo."""
        query = "SELECT 1 FROM planned WHERE id = ? AND stored"
        return self._db.execute(query, (digest(image_id),)).fetchone() is not None

    async def _write(self, photos: Sequence[PlannedPhoto]) -> int:
        shard = max(self.sizes, default=-1) + 1
        content = b"".join(photo.to_line() for photo in photos)
        if not await self._place.create(plan_name(shard), content):
            raise DownloadError(
                f"another run writes the plan of {self._place.url} now: wait until that run has finished, or "
                "stop it, and run again"
            )
        self.sizes[shard] = len(photos)
        return shard

    def _is_new(self, image_id: str) -> bool:
        query = "INSERT OR IGNORE INTO planned VALUES (?, 0)"
        return self._db.execute(query, (digest(image_id),)).rowcount == 1


@define
class Hours:
    """Finds a photo's hour by its index in the list. The list is sorted by capture time."""

    _ends: list[tuple[int, str]] = field(factory=list)
    _at: int = 0

    @classmethod
    def of_days(cls, days: Iterable[TimelineDay]) -> Hours:
        """Build the hours from the days of a timeline."""
        ends, total = [], 0
        for day in days:
            for hour in day.hours:
                total += hour.count
                ends.append((total, f"{day.date.isoformat()}T{hour.hour:02}"))
        return cls(ends)

    def of(self, index: int) -> str | None:
        """Return the hour of the photo at an index. Call it with rising indexes."""
        while self._at < len(self._ends) and self._ends[self._at][0] <= index:
            self._at += 1
        return self._ends[self._at][1] if self._at < len(self._ends) else None
