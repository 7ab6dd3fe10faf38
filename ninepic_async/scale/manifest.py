"""Manifests: one row for each photo. A shard's manifest is written last, and marks the shard as finished."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

import orjson
from attrs import asdict, frozen

from ninepic_async._support.jsonl import parse_line
from ninepic_async.scale.place import Place

_NAME: Final = re.compile(r"manifest-(\d{6,})(\.open)?\.jsonl")


@frozen(kw_only=True)
class ManifestRow:
    """One photo of an archive.

    Attributes:
        event_id: the event's number.
        image_id: the photo's id.
        path: the photo's file, relative to the archive; None if the photo failed.
        bytes: the file's size.
        sha256: the file's SHA-256, in hexadecimal.
        width: the width in pixels, as the service lists it.
        height: the height in pixels, as the service lists it.
        hour: the UTC hour in which the photo was taken, such as ``2026-01-19T06``, if the timeline is on.
        bibs: the BIBs of the start list whose search finds the photo; None without a start list.
        status: ``done`` or ``failed``.
        error: why the photo failed.
    """

    event_id: int
    image_id: str
    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    hour: str | None = None
    bibs: tuple[str, ...] | None = None
    status: Literal["done", "failed"]
    error: str | None = None


@frozen(kw_only=True)
class ShardState:
    """The state of a shard.

    Attributes:
        is_complete: whether all its photos are stored.
        is_open: whether there is a manifest in which some photos failed.
    """

    is_complete: bool = False
    is_open: bool = False


def manifest_name(shard: int, *, is_complete: bool) -> str:
    """Return the name of a shard's manifest."""
    return f"manifest-{shard:06}{'' if is_complete else '.open'}.jsonl"


async def shard_states(place: Place) -> dict[int, ShardState]:
    """Return the state of each shard that has a manifest."""
    states: dict[int, ShardState] = {}
    for name in await place.names():
        if match := _NAME.fullmatch(name):
            shard, is_open = int(match[1]), match[2] is not None
            before = states.get(shard, ShardState())
            states[shard] = ShardState(
                is_complete=before.is_complete or not is_open, is_open=before.is_open or is_open
            )
    return states


async def write_manifest(
    place: Place, shard: int, rows: Iterable[ManifestRow], *, was_open: bool = True
) -> None:
    """Write a shard's manifest: a complete one if no row failed. It replaces an open one.

    Args:
        place: the archive.
        shard: the shard's number.
        rows: a row for each of its photos.
        was_open: whether an open manifest may exist. If not, no request is spent to delete it.
    """
    listed = list(rows)
    is_complete = all(row.status == "done" for row in listed)
    if not is_complete and await place.read(manifest_name(shard, is_complete=True)) is not None:
        return  # another worker has stored the photos that failed here
    content = b"".join(orjson.dumps(asdict(row)) + b"\n" for row in listed)
    await place.write(manifest_name(shard, is_complete=is_complete), content)
    if is_complete and was_open:
        await place.delete(manifest_name(shard, is_complete=False))


async def read_manifest(place: Place, shard: int, *, is_complete: bool) -> list[ManifestRow]:
    """Return the rows of a shard's manifest, or an empty list if there is no manifest."""
    content = await place.read(manifest_name(shard, is_complete=is_complete)) or b""
    found = [parse_line(line + b"\n") for line in content.splitlines()]
    return [_row(each) for each in found if each is not None]


def _row(found: dict[str, Any]) -> ManifestRow:
    known = {
        name: found.get(name) for name in ("path", "bytes", "sha256", "width", "height", "hour", "error")
    }
    bibs = found.get("bibs")
    return ManifestRow(
        event_id=found["event_id"],
        image_id=found["image_id"],
        status=found["status"],
        bibs=None if bibs is None else tuple(bibs),
        **known,
    )
