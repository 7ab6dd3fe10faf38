"""What there is in a folder to show: the photos and clips in it, and nothing that leads out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from attrs import field, frozen

from ninepic_async._support import arguments as _arguments
from ninepic_async.download.content_check import IMAGES, VIDEOS
from ninepic_async.download.names import PART, split
from ninepic_async.errors import GalleryError

OWN: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""How files are opened here: never through a link, and not for programs that are started meanwhile."""


@frozen
class File:
    """A file as it lies there. ``modified_ns`` is Unix time in nanoseconds."""

    name: str
    bytes: int
    modified_ns: int


@frozen
class Contents:
    """A folder's photos and clips, by name."""

    photos: list[File] = field(factory=list)
    clips: list[File] = field(factory=list)


def read_folder(folder: str | os.PathLike[str]) -> Contents:
    """Look at what is in a folder.

    Hidden files, unfinished downloads and symlinks are left out: a link can lead anywhere.

    Raises:
        InvalidInputError: this can't be a path.
        GalleryError: there is no such folder, it can't be read, or nothing in it can be shown.
    """
    path, found = _arguments.folder(folder, "folder"), Contents()
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                _take(found, entry)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GalleryError(
            f"there is no folder {folder}: give the one that photos were fetched into"
        ) from error
    except OSError as error:
        raise GalleryError(f"can't read {folder}: {error.strerror or type(error).__name__}") from error
    if not found.photos and not found.clips:
        raise GalleryError(
            f"no photos or clips in {folder}: fetch some first (event.download, or ninepic download), "
            "or give the folder that they are in"
        )
    for files in (found.photos, found.clips):
        files.sort(key=lambda file: file.name)
    return found


@contextmanager
def writing(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Say it in one typed error when a folder can't be written to."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise GalleryError(
            f"can't write to {os.fspath(folder)}: {reason}. Thumbnails made so far are kept."
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that has its name only when it is whole.

    Raises:
        OSError: it can't be written; whatever had the name still has it.
    """
    unfinished = path.with_name(path.name + PART)
    # What lies there could be a link of either kind to a file that is not ours to write.
    unfinished.unlink(missing_ok=True)
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OWN, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            yield file
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _take(found: Contents, entry: os.DirEntry[str]) -> None:
    extension = split(entry.name)[1].casefold()
    if entry.name.startswith(".") or extension not in IMAGES | VIDEOS:
        return
    if not entry.is_file(follow_symlinks=False):
        return
    status = entry.stat(follow_symlinks=False)
    file = File(entry.name, status.st_size, status.st_mtime_ns)
    (found.photos if extension in IMAGES else found.clips).append(file)
