"""Write a web page, ``index.html``, with the photos and clips of a folder.

    from ninepic_async.gallery import write_gallery

    print(write_gallery("photos/").index)

The page opens from disk, sends no requests to any network, and runs only its own code.
Needs the extra ``gallery`` (Jinja2 and Pillow).
"""

from __future__ import annotations

from ninepic_async.errors import GalleryError
from ninepic_async.gallery.photo_notes import note_bib, note_found_by
from ninepic_async.gallery.report import GalleryProgress, GalleryReport, UnreadablePhoto
from ninepic_async.gallery.write import write_gallery

__all__ = [
    "GalleryError",
    "GalleryProgress",
    "GalleryReport",
    "UnreadablePhoto",
    "note_bib",
    "note_found_by",
    "write_gallery",
]
