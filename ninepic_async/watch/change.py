"""What a watch gives."""

from __future__ import annotations

from attrs import field, frozen

from ninepic_async._records import JSONReady
from ninepic_async.models import ImageItem


@frozen(kw_only=True)
class GalleryChange(JSONReady):
    """New photos of an event.

    Attributes:
        added: the new photos, in the order in which they were found.
        total: how many photos the event has now.
        cursor: where the watch is after this change. Store it once you have dealt with ``added``, and pass it
            as ``since`` to go on after a restart.
    """

    added: tuple[ImageItem, ...]
    total: int
    cursor: str = field(repr=False)
