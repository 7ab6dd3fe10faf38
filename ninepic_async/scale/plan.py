"""The plan: which photos there are, in files of one shard each that never change."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from hashlib import blake2b
from typing import Any, Final

import orjson
from attrs import define, field, frozen

from ninepic_async._support.jsonl import parse_line
from ninepic_async.models import ImageItem, TimelineDay
from ninepic_async.pagination import Pager
from ninepic_async.scale.place import Place

PLAN: Final = "_plan"
_NAME: Final = re.compile(rf"{PLAN}/(\d{{6,}})\.jsonl")


@frozen(kw_only=True)
class PlannedPhoto:
    """One photo of the plan.

    Attributes:
        photo: as it was listed, without links that are signed.
        place: the photo's place in the list, from 0, when it was planned.
        hour: the UTC hour in which it was taken, such as ``2026-01-19T06``, if the timeline says so.
    """

    photo: ImageItem
    place: int = 0
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
            "place": self.place,
            "hour": self.hour,
        }
        return orjson.dumps({name: value for name, value in row.items() if value is not None}) + b"\n"

    @classmethod
    def from_object(cls, row: dict[str, Any]) -> PlannedPhoto:
        """Return the photo of a line."""
        return cls(
            photo=ImageItem(
                image_id=row["image_id"],
                img_url=row.get("img_url", ""),
                thumbnail_url=row.get("thumbnail_url", ""),
                width=row.get("width"),
                height=row.get("height"),
            ),
            place=row.get("place", 0),
            hour=row.get("hour"),
        )


def _unsigned(url: str) -> str | None:
    """Return a link, unless a query makes it one that expires."""
    return None if "?" in url else url


def plan_name(shard: int) -> str:
    """Return the name of a shard's plan file."""
    return f"{PLAN}/{shard:06}.jsonl"


async def read_plan(place: Place, shard: int) -> list[PlannedPhoto]:
    """Read the photos of one shard."""
    content = await place.read(plan_name(shard)) or b""
    rows = [parse_line(line + b"\n") for line in content.splitlines()]
    return [PlannedPhoto.from_object(row) for row in rows if row is not None]


async def planned_shards(place: Place) -> list[int]:
    """Return the numbers of the shards that are planned."""
    names = await place.names(PLAN)
    found = [int(match[1]) for name in names if (match := _NAME.fullmatch(name))]
    return sorted(found)


class Planner:
    """Writes plan files for the photos of a list that no plan file has yet.

    The ids that are planned are kept in a temporary database, so that memory does not grow with the event.

    Args:
        place: where the plan is.
        shard: photos a shard.
    """

    def __init__(self, place: Place, shard: int) -> None:
        self._place = place
        self._size = shard
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA cache_size = -16384")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE planned (id BLOB PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("BEGIN")
        self.shards: list[int] = []
        self.photos: int = 0

    def close(self) -> None:
        """Delete the database."""
        self._db.close()

    async def read(self) -> None:
        """Read the plan of earlier runs."""
        self.shards = await planned_shards(self._place)
        for shard in self.shards:
            for planned in await read_plan(self._place, shard):
                self.photos += self._is_new(planned.photo.image_id)

    async def extend(self, photos: Pager[ImageItem], hours: Hours) -> AsyncIterator[int]:
        """Walk through the list once, plan what is new, and yield each shard that is written."""
        waiting: list[PlannedPhoto] = []
        place = 0
        async with aclosing(photos.pages()) as pages:
            async for page in pages:
                for photo in page.items:
                    if self._is_new(photo.image_id):
                        waiting.append(PlannedPhoto(photo=photo, place=place, hour=hours.of(place)))
                    place += 1
                while len(waiting) >= self._size:
                    yield await self._write(waiting[: self._size])
                    del waiting[: self._size]
        if waiting:
            yield await self._write(waiting)

    async def _write(self, photos: Sequence[PlannedPhoto]) -> int:
        shard = self.shards[-1] + 1 if self.shards else 0
        await self._place.write(plan_name(shard), b"".join(photo.to_line() for photo in photos))
        self.shards.append(shard)
        self.photos += len(photos)
        return shard

    def _is_new(self, image_id: str) -> bool:
        key = blake2b(image_id.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        return self._db.execute("INSERT OR IGNORE INTO planned VALUES (?)", (key,)).rowcount == 1


@define
class Hours:
    """Tells a photo's hour from its place in the list, which is ordered by capture time."""

    _ends: list[tuple[int, str]] = field(factory=list)
    _at: int = 0

    @classmethod
    def of_days(cls, days: Iterable[TimelineDay]) -> Hours:
        """Return the hours that a timeline counts."""
        ends, total = [], 0
        for day in days:
            for hour in day.hours:
                total += hour.count
                ends.append((total, f"{day.date.isoformat()}T{hour.hour:02}"))
        return cls(ends)

    def of(self, place: int) -> str | None:
        """Return the hour of the photo at a place; places are asked for in order."""
        while self._at < len(self._ends) and self._ends[self._at][0] <= place:
            self._at += 1
        return self._ends[self._at][1] if self._at < len(self._ends) else None
