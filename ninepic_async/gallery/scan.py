"""List the photos and clips of a folder. Links are left out, because they can lead out of the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen

from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.download.file_types import IMAGES, VIDEOS
from ninepic_async.download.names import split
from ninepic_async.errors import GalleryError

PHOTO_TYPES: Final[frozenset[str]] = IMAGES | {".jfif", ".tif", ".tiff", ".bmp"}


@frozen
class File:
    """A file in the folder. ``modified_ns`` is Unix time in nanoseconds."""

    name: str
    bytes: int
    modified_ns: int


@frozen
class Contents:
    """The photos and clips of a folder, by name."""

    photos: list[File] = field(factory=list)
    clips: list[File] = field(factory=list)


@contextmanager
def opened_folder(path: Path) -> Iterator[OpenFolder]:
    """Open a folder of photos.

    Raises:
        GalleryError: there is no such folder, or it can't be read.
    """
    try:
        folder = OpenFolder.open(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GalleryError(f"there is no folder {path}: give the folder of a download") from error
    except OSError as error:
        raise GalleryError(f"can't read {path}: {error.strerror or type(error).__name__}") from error
    with folder:
        yield folder


def list_contents(folder: OpenFolder) -> Contents:
    """List the photos and clips of a folder.

    Hidden files, unfinished downloads, links, FIFOs and devices are left out.

    Raises:
        GalleryError: the folder can't be read, or nothing in it can be shown.
    """
    contents = Contents()
    try:
        for entry in folder.entries():
            _add(contents, entry)
    except OSError as error:
        raise GalleryError(f"can't read {folder.path}: {error.strerror or type(error).__name__}") from error
    if not contents.photos and not contents.clips:
        raise GalleryError(
            f"no photos or clips in {folder.path}: download some first (event.download or ninepic download), "
            "or give another folder"
        )
    for files in (contents.photos, contents.clips):
        files.sort(key=lambda file: file.name)
    return contents


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise a `GalleryError` in place of an `OSError` of writing to a folder."""
    try:
        yield
    except OSError as error:
        reason, place = error.strerror or type(error).__name__, os.path.basename(str(error.filename or ""))
        at = f" ({place})" if place else ""
        raise GalleryError(
            f"can't write to {folder}: {reason}{at}. Thumbnails made so far are kept."
        ) from error


def _add(contents: Contents, entry: os.DirEntry[str]) -> None:
    extension = split(entry.name)[1].casefold()
    is_photo = extension in PHOTO_TYPES
    if entry.name.startswith(".") or not (is_photo or extension in VIDEOS):
        return
    if not entry.is_file(follow_symlinks=False):
        return
    status = entry.stat(follow_symlinks=False)
    file = File(entry.name, status.st_size, status.st_mtime_ns)
    (contents.photos if is_photo else contents.clips).append(file)
