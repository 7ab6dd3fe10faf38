"""What making a gallery tells its caller: how far it is, what came of it, what could not be shown."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from ninepic_async._records import Record


@frozen(kw_only=True)
class GalleryProgress(Record):
    """How far a gallery is.

    Attributes:
        done: photos that this run made a thumbnail of.
        skipped: photos whose thumbnail an earlier run had made.
        failed: photos that can't be read; the page lists them.
        known: photos in the folder.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    known: int = 0


@frozen(kw_only=True)
class UnreadablePhoto(Record):
    """A file that should be a photo, and can't be read as one.

    Attributes:
        name: of the file.
        error: why.
    """

    name: str
    error: str


@frozen(kw_only=True)
class GalleryReport(Record):
    """What came of making a gallery.

    Attributes:
        index: the page to open; its whole path.
        photos: how many photos it shows.
        clips: how many clips it shows.
        done: how many thumbnails this run made.
        skipped: how many thumbnails were there already.
        failed: the files that the page can only list.
    """

    index: Path
    photos: int = 0
    clips: int = 0
    done: int = 0
    skipped: int = 0
    failed: tuple[UnreadablePhoto, ...] = ()
