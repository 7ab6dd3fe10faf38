"""A gallery to look at: one ``index.html`` over the photos and clips that were fetched into a folder.

    from ninepic_async.gallery import write_gallery

    print(write_gallery("photos/").index)

The page is whole in itself: it opens from disk, asks the network for nothing, and runs no code but its own.
Needs the extra ``gallery`` (Jinja2 and Pillow).
"""

from __future__ import annotations

from ninepic_async.errors import GalleryError
from ninepic_async.gallery.bib_notes import note_bib
from ninepic_async.gallery.report import GalleryProgress, GalleryReport, UnreadablePhoto
from ninepic_async.gallery.write import write_gallery

__all__ = [
    "GalleryError",
    "GalleryProgress",
    "GalleryReport",
    "UnreadablePhoto",
    "note_bib",
    "write_gallery",
]
