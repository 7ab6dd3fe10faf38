"""The result of each check of a watch that finds new photos."""

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
        cursor: the position of the watch after this change. Store it after you have processed ``added``, and
            pass it as ``since`` to continue after a restart.
    """

    added: tuple[ImageItem, ...]
    total: int
    cursor: str = field(repr=False)
