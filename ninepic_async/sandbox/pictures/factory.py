"""Choose the pictures of an event. Pillow, NumPy and PyAV are imported when the first picture is needed."""

from __future__ import annotations

from os import PathLike
from typing import Final

from ninepic_async.sandbox.drawn_photos import DrawnPhotos
from ninepic_async.sandbox.event_photos import PhotoSource
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.pictures.interface import Pictures

HINT: Final = "the sandbox's pictures need Pillow, NumPy and PyAV: pip install 'ninepic-async[sandbox]'"


def pictures_of(event: Event) -> Pictures:
    """Return the pictures of an event's photos.

    Raises:
        ImportError: Pillow, NumPy or PyAV is not installed.
    """
    try:
        from ninepic_async.sandbox.pictures.drawn_pictures import DrawnPictures
        from ninepic_async.sandbox.pictures.folder_photos import FolderPhotos
        from ninepic_async.sandbox.pictures.folder_pictures import FolderPictures
    except ImportError as error:
        raise ImportError(HINT) from error
    source = event.gallery.source
    if isinstance(source, FolderPhotos):
        return FolderPictures(source)
    if isinstance(source, DrawnPhotos):
        return DrawnPictures(source, event.name)
    raise TypeError(f"there are no pictures for {type(source).__name__}")


def photos_in_folder(folder: str | PathLike[str], known: PhotoSource | None = None) -> PhotoSource:
    """Return the photos in a folder of JPEGs; those of ``known`` are not read again.

    Raises:
        ImportError: Pillow is not installed.
        FolderError: The folder can't be used.
    """
    try:
        from ninepic_async.sandbox.pictures.folder_photos import FolderPhotos, read_folder
    except ImportError as error:
        raise ImportError(HINT) from error
    return read_folder(folder, known if isinstance(known, FolderPhotos) else None)
