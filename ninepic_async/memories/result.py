"""The result of `Event.memories`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from attrs import field, frozen

from ninepic_async._records import JSONReady, json_ready
from ninepic_async._support.photo_grid import picture_grid
from ninepic_async.errors import NinePicError
from ninepic_async.models import Clip, ImageItem

PartName = Literal["bib", "selfie", "clips"]
PartState = Literal["done", "off", "failed"]


@frozen(kw_only=True)
class Part(JSONReady):
    """How one part of a `Memories` ended.

    Attributes:
        state: ``"done"``; ``"off"`` if the event does not offer this search; or ``"failed"``.
        error: why the part failed, or None.
        request_id: the id of the call's selfie search, if there was one. Every part and every error has it.
        count: how many photos or clips the part found. A failed part keeps what it found before the error.
    """

    state: PartState
    error: NinePicError | None = None
    request_id: str | None = None
    count: int = 0


@frozen(kw_only=True)
class Memories(JSONReady):
    """A participant's photos and clips. Iterating gives the photos; downloads and ZIPs include the clips.

    Attributes:
        photos: the photos without duplicates, in the event's order.
        found_by: for each image_id, the searches that found the photo: ``"bib"``, ``"selfie"`` or both.
        clips: the Motion clips.
        parts: how each requested part ended, by name: ``"bib"``, ``"selfie"``, ``"clips"``.
        request_id: the id of the selfie search. Use it to read the same result again without a charge.
    """

    photos: tuple[ImageItem, ...] = ()
    found_by: Mapping[str, frozenset[str]] = field(factory=dict)
    clips: tuple[Clip, ...] = ()
    parts: Mapping[str, Part] = field(factory=dict)
    request_id: str | None = None

    def __iter__(self) -> Iterator[ImageItem]:
        return iter(self.photos)

    def __len__(self) -> int:
        return len(self.photos)

    def __bool__(self) -> bool:
        return bool(self.photos or self.clips)

    def __ninepic_files__(self) -> Iterator[ImageItem | Clip]:
        """Yield the files of a download: the photos, then the clips."""
        yield from self.photos
        yield from self.clips

    def to_dict(self) -> dict[str, Any]:
        """Return the public attributes as JSON-ready values; ``found_by`` has sorted lists."""
        found_by = {image_id: sorted(ways) for image_id, ways in self.found_by.items()}
        return {**super().to_dict(), "found_by": json_ready(found_by)}

    def _repr_html_(self) -> str:
        parts = ", ".join(f"{name}: {part.count:,} ({part.state})" for name, part in self.parts.items())
        return picture_grid(self.photos, len(self.photos), parts)
