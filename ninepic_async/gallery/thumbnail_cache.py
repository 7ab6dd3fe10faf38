"""``.ninepic-gallery``, the hidden folder beside the photos: their thumbnails, and what was seen in them.

A thumbnail is named after the photo's name, size and time of change, so that one that is there is the right
one. ``seen.jsonl`` has a line for each photo looked at; deleting the folder costs nothing but time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import IO, Final, Self

import orjson

from ninepic_async.errors import GalleryError
from ninepic_async.gallery.scan import OWN, File, whole_file, writing
from ninepic_async.gallery.thumbnails import Look

FOLDER_NAME: Final = ".ninepic-gallery"
_SEEN: Final = "seen.jsonl"
_EDITION: Final = b"1"
"""Raise it when thumbnails are made in another way: older ones are then made anew."""


def key_of(photo: File) -> str:
    """Give the name that this very version of a photo is known by."""
    facts = (_EDITION, os.fsencode(photo.name), b"%d" % photo.bytes, b"%d" % photo.modified_ns)
    return blake2b(b"\0".join(facts), digest_size=12).hexdigest()


class Shelf:
    """What earlier runs made, and where this one puts what it makes.

    Raises:
        GalleryError: it can't be made or written to, or is a link, which could lead anywhere.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FOLDER_NAME
        self._seen: dict[str, Look] = {}
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if self._path.is_symlink():
            raise GalleryError(f"{self._path} is a link, so that thumbnails would go elsewhere: remove it")
        with writing(self._folder):
            self._path.mkdir(exist_ok=True)
            self._seen = self._read()
            self._file = os.fdopen(self._open(os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab")
            if self._torn():
                self._file.write(b"\n")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def thumbnail(self, key: str) -> Path:
        """Where a photo's thumbnail is, or goes."""
        return self._path / f"{key}.jpg"

    def look(self, key: str) -> Look | None:
        """What an earlier run saw; None if the photo has to be looked at (again)."""
        try:
            return self._seen.get(key) if self.thumbnail(key).stat().st_size else None
        except OSError:
            return None

    def keep(self, key: str, look: Look) -> None:
        """Keep what was seen, for the next run. What could not be read may be readable by then."""
        if look.error is not None:
            return
        if self._file is None:
            raise RuntimeError("the shelf is not open")
        with writing(self._folder):
            self._file.write(_line_of(key, look))
            self._file.flush()
        self._seen[key] = look

    def tidy(self, keys: set[str]) -> None:
        """Throw away what belongs to none of these photos."""
        with writing(self._folder):
            self._remove_others(keys)

    def _remove_others(self, keys: set[str]) -> None:
        for entry in list(os.scandir(self._path)):
            ours = entry.name == _SEEN or entry.name.removesuffix(".jpg") in keys
            if not ours and not entry.is_dir(follow_symlinks=False):
                Path(entry.path).unlink(missing_ok=True)
        if self._seen.keys() <= keys:
            return
        text = b"".join(_line_of(key, look) for key, look in self._seen.items() if key in keys)
        with whole_file(self._path / _SEEN) as file:
            file.write(text)

    def _read(self) -> dict[str, Look]:
        try:
            descriptor = self._open(os.O_RDONLY)
        except FileNotFoundError:
            return {}
        with os.fdopen(descriptor, "rb") as lines:
            return dict(filter(None, map(_seen_in, lines)))

    def _open(self, flags: int) -> int:
        return os.open(self._path / _SEEN, flags | OWN, 0o666)

    def _torn(self) -> bool:
        with (self._path / _SEEN).open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"


def _line_of(key: str, look: Look) -> bytes:
    taken_at = None if look.taken_at is None else look.taken_at.isoformat()
    seen = {"key": key, "width": look.width, "height": look.height, "taken_at": taken_at}
    return orjson.dumps(seen) + b"\n"


def _seen_in(line: bytes) -> tuple[str, Look] | None:
    """Read a line; None for one that is torn or not ours."""
    try:
        found = orjson.loads(line)
        return str(found["key"]), _look_of(found)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _look_of(found: Mapping[str, object]) -> Look:
    width, height, taken_at = (found.get(part) for part in ("width", "height", "taken_at"))
    if not (isinstance(width, int) and isinstance(height, int)):
        raise TypeError
    if not (0 < width < 2**31 and 0 < height < 2**31):
        raise ValueError
    moment = datetime.fromisoformat(taken_at).replace(tzinfo=None) if isinstance(taken_at, str) else None
    return Look(width=width, height=height, taken_at=moment)
