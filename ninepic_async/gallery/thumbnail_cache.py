"""``.ninepic-gallery``, the hidden folder next to the photos: thumbnails, and the facts read from the photos.

The name of a thumbnail is a hash of its photo's name, size and modification time, so it never shows another
version. ``seen.jsonl`` has a line for each photo that was read. The folder can be deleted: the next run makes
it again.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, Self

from attrs import define, field

from ninepic_async._support.jsonl import append_rows, read_rows, to_line
from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.errors import GalleryError
from ninepic_async.gallery.scan import File, writing
from ninepic_async.gallery.thumbnails import PhotoInfo

FOLDER_NAME: Final = ".ninepic-gallery"
_SEEN: Final = "seen.jsonl"
_EDITION: Final = b"2"
"""Change this when thumbnails are made in another way, so that older ones are made again."""
_THUMBNAIL: Final = re.compile(r"[0-9a-f]{24}\.jpg(\.part)?")
_NOT_A_FOLDER: Final = frozenset({errno.ELOOP, errno.ENOTDIR})


def key_of(photo: File) -> str:
    """Return the key of this version of a photo."""
    facts = (_EDITION, os.fsencode(photo.name), b"%d" % photo.bytes, b"%d" % photo.modified_ns)
    return blake2b(b"\0".join(facts), digest_size=12).hexdigest()


def thumbnail_of(key: str) -> str:
    """Return the file name of a thumbnail."""
    return f"{key}.jpg"


@define(eq=False)
class ThumbnailCache:
    """Thumbnails of earlier runs and of this one. Use it as a context manager.

    Raises:
        GalleryError: the hidden folder can't be created or written to, or is a link.
    """

    photos: OpenFolder
    _folder: OpenFolder | None = None
    _seen: dict[str, PhotoInfo] = field(factory=dict)
    _file: int | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
        if self._folder is not None:
            self._folder.close()
        self._file, self._folder = None, None

    @property
    def folder(self) -> OpenFolder:
        """The hidden folder."""
        if self._folder is None:
            raise RuntimeError("the thumbnail cache is not open")
        return self._folder

    def info(self, key: str) -> PhotoInfo | None:
        """Return the facts that an earlier run has read; None if the photo must be read."""
        info = self._seen.get(key)
        if info is None or (info.has_thumbnail and not self.folder.size(thumbnail_of(key))):
            return None
        return info

    def add(self, key: str, info: PhotoInfo) -> None:
        """Store the facts of a photo for the next run. A photo that can't be read is read again then."""
        if info.error is not None or self._file is None:
            return
        with writing(self.photos.path):
            append_rows(self._file, [_to_row(key, info)])
        self._seen[key] = info

    def tidy(self, keys: set[str]) -> None:
        """Remove the thumbnails of photos that no longer exist. Keep other files."""
        with writing(self.photos.path):
            for entry in list(self.folder.entries()):
                is_thumbnail = _THUMBNAIL.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
                if is_thumbnail and entry.name.removesuffix(".jpg") not in keys:
                    self.folder.remove(entry.name)
            if not self._seen.keys() <= keys:
                self._rewrite(keys)

    def _open(self) -> None:
        try:
            self._folder = self.photos.subfolder(FOLDER_NAME)
        except OSError as error:
            if error.errno not in _NOT_A_FOLDER:
                with writing(self.photos.path):
                    raise
            place = self.photos.path / FOLDER_NAME
            raise GalleryError(f"{place} is a link or a file, and must be a folder: remove it") from error
        with writing(self.photos.path):
            self._file = self._folder.open_file(_SEEN, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            with os.fdopen(os.dup(self._file), "rb") as file:
                self._seen = dict(filter(None, map(_from_row, read_rows(file))))

    def _rewrite(self, keys: set[str]) -> None:
        with self.folder.replacing(_SEEN) as file:
            for key, info in self._seen.items():
                if key in keys:
                    file.write(to_line(_to_row(key, info)))


def _to_row(key: str, info: PhotoInfo) -> dict[str, Any]:
    taken_at = None if info.taken_at is None else info.taken_at.isoformat()
    row: dict[str, Any] = {"key": key, "width": info.width, "height": info.height, "taken_at": taken_at}
    return row if info.has_thumbnail else row | {"thumbnail": False}


def _from_row(row: Mapping[str, Any]) -> tuple[str, PhotoInfo] | None:
    """Return a photo's key and facts; None if the line was not written by this module."""
    key, width, height, taken_at = map(row.get, ("key", "width", "height", "taken_at"))
    if not (isinstance(key, str) and type(width) is int and type(height) is int):
        return None
    if not (0 < width < 2**31 and 0 < height < 2**31):
        return None
    try:
        moment = datetime.fromisoformat(taken_at).replace(tzinfo=None) if isinstance(taken_at, str) else None
    except ValueError:
        return None
    has_thumbnail = row.get("thumbnail") is not False
    return key, PhotoInfo(width=width, height=height, taken_at=moment, has_thumbnail=has_thumbnail)
