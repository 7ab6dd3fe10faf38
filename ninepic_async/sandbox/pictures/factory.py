"""Choose the pictures of an event. Pillow, NumPy and PyAV are imported when the first picture is needed."""

from __future__ import annotations

from os import PathLike
from typing import Final

from ninepic_async.sandbox.event_photos import DrawnPhotos, EventPhotos
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
    if isinstance(event.gallery, FolderPhotos):
        return FolderPictures(event.gallery)
    if isinstance(event.gallery, DrawnPhotos):
        return DrawnPictures(event.gallery, event.name)
    raise TypeError(f"there are no pictures for {type(event.gallery).__name__}")


def photos_in_folder(folder: str | PathLike[str]) -> EventPhotos:
    """Return the photos in a folder of JPEGs.

    Raises:
        ImportError: Pillow is not installed.
        FolderError: The folder can't be used.
    """
    try:
        from ninepic_async.sandbox.pictures.folder_photos import read_folder
    except ImportError as error:
        raise ImportError(HINT) from error
    return read_folder(folder)
