"""The reports of `write_gallery`: progress, result, and files that can't be shown."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from ninepic_async._records import Record


@frozen(kw_only=True)
class GalleryProgress(Record):
    """Progress of a gallery.

    Attributes:
        done: photos for which this run made a thumbnail.
        skipped: photos with a thumbnail of an earlier run.
        failed: photos that can't be read. The page lists them.
        known: photos in the folder.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    known: int = 0


@frozen(kw_only=True)
class UnreadablePhoto(Record):
    """A photo that can't be shown.

    Attributes:
        name: the file's name.
        error: the reason.
    """

    name: str
    error: str


@frozen(kw_only=True)
class GalleryReport(Record):
    """The result of `write_gallery`.

    Attributes:
        index: the absolute path of the page.
        photos: number of photos on the page.
        clips: number of clips on the page.
        done: thumbnails that this run made.
        skipped: thumbnails of earlier runs.
        failed: files that can't be shown; the page lists them.
    """

    index: Path
    photos: int = 0
    clips: int = 0
    done: int = 0
    skipped: int = 0
    failed: tuple[UnreadablePhoto, ...] = ()
