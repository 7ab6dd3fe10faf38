"""What the servers need to know of pictures. Pillow, NumPy and PyAV are imported when one is wanted."""

from __future__ import annotations

from os import PathLike
from typing import Literal, Protocol

from ninepic_async.sandbox.event_photos import DrawnGallery, Gallery
from ninepic_async.sandbox.events import Event

Rendition = Literal["large", "small", "original"]
HINT = "the sandbox's pictures need Pillow, NumPy and PyAV: pip install 'ninepic-async[sandbox]'"


class NotAPictureError(ValueError):
    """An upload that cannot be read as a picture."""


class Pictures(Protocol):
    """An event's pictures. Every method works hard for milliseconds: call it in a thread."""

    def photo(self, index: int, rendition: Rendition) -> bytes:
        """A photo as a JPEG."""
        ...

    def cover(self) -> bytes:
        """The event's cover picture, a JPEG."""
        ...

    def selfie(self, bib: str, take: int) -> bytes:
        """A new picture of whoever wears a BIB, a JPEG."""
        ...

    def stranger(self, take: int) -> bytes:
        """A picture of somebody who is not in the event, a JPEG."""
        ...

    def match(self, upload: bytes) -> tuple[str, ...]:
        """The BIBs of those in an uploaded picture; `NotAPictureError` if it is none."""
        ...

    def clip(self, bib: str, place: int) -> bytes:
        """The clip of a runner from one of the event's source videos, an MP4."""
        ...


def pictures_of(event: Event) -> Pictures:
    """The pictures that belong to an event's gallery."""
    try:
        from ninepic_async.sandbox.pictures.drawn import DrawnPictures
        from ninepic_async.sandbox.pictures.from_folder import FolderPictures
        from ninepic_async.sandbox.pictures.photo_folder import FolderGallery
    except ImportError as error:
        raise ImportError(HINT) from error
    if isinstance(event.gallery, FolderGallery):
        return FolderPictures(event.gallery)
    if isinstance(event.gallery, DrawnGallery):
        return DrawnPictures(event.gallery, event.name)
    raise TypeError(f"no pictures for {type(event.gallery).__name__}")


def gallery_in(folder: str | PathLike[str]) -> Gallery:
    """The gallery in a folder of JPEGs."""
    try:
        from ninepic_async.sandbox.pictures.photo_folder import read_folder
    except ImportError as error:
        raise ImportError(HINT) from error
    return read_folder(folder)
