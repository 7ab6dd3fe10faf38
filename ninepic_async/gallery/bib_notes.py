"""What is known of a photo beyond its file: the BIBs it was found by, kept beside the photos in the folder.

``.ninepic-facts.jsonl`` has a line for each photo and BIB, ``{"photo": …, "bib": …}``, and is only ever
appended to. A photo is named by its file's name or by its id.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import orjson

from ninepic_async._support import arguments as _arguments
from ninepic_async.download.journal import FILE_NAME as JOURNAL
from ninepic_async.download.journal import row_of
from ninepic_async.download.names import stem
from ninepic_async.errors import InvalidInputError
from ninepic_async.gallery.scan import OWN, writing
from ninepic_async.models import ImageItem, PresignedUrlItem

FILE_NAME: Final = ".ninepic-facts.jsonl"
_LONGEST_LINE: Final = 64 * 1024
_LONGEST_BIB: Final = 100


def note_bib(
    folder: str | os.PathLike[str],
    bib: str | int,
    photos: Iterable[ImageItem | PresignedUrlItem | str],
) -> None:
    """Keep in a folder which photos a BIB is in, so that its gallery can say so.

    Args:
        folder: where the photos are, or will be; it is made if need be.
        bib: as printed.
        photos: what the BIB search or the links gave, or ids or file names. What is noted twice shows once.

    Raises:
        InvalidInputError: the BIB is empty or longer than any can be, or another argument can't be right.
        GalleryError: the folder can't be written to.

    Example:
        >>> photos = await event.bib_search("1234").collect()
        >>> await event.download(event.originals(bib="1234"), "photos/")
        >>> note_bib("photos/", "1234", photos)
    """
    root, printed = Path(_arguments.folder(folder, "folder")), _printed(bib)
    if isinstance(photos, str):
        raise InvalidInputError("photos is one string: give a list of ids or file names")
    # Text that came from a file system can hold what UTF-8 can't.
    lines = b"".join(
        orjson.dumps({"photo": _plain(_identity(photo)), "bib": _plain(printed)}) + b"\n" for photo in photos
    )
    if not lines:
        return
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        _append(root / FILE_NAME, lines)


def bibs_in(folder: Path, names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Read which BIBs are in which files.

    Args:
        folder: where the photos are.
        names: of their files.

    Returns:
        For each name that has any its BIBs, in the order in which they were noted.
    """
    noted: dict[str, dict[str, None]] = {}
    for line in _lines(folder / FILE_NAME):
        photo, bib = _fact_of(line)
        if photo and bib:
            noted.setdefault(photo, {})[bib] = None
    if not noted:
        return {}
    ids = {row.name: row.id for row in map(row_of, _lines(folder / JOURNAL)) if row is not None}
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        known_as = dict.fromkeys((_plain(name), ids.get(name, ""), _plain(stem(name))))
        bibs = dict.fromkeys(bib for each in known_as for bib in noted.get(each, ()))
        if bibs:
            found[name] = tuple(bibs)
    return found


def _printed(bib: str | int) -> str:
    text = str(bib).strip() if isinstance(bib, str) or type(bib) is int else ""
    if not 0 < len(text) <= _LONGEST_BIB:
        raise InvalidInputError(f"bib={repr(bib)[:_LONGEST_BIB]}: give the number as it is printed")
    return text


def _identity(photo: ImageItem | PresignedUrlItem | str) -> str:
    if isinstance(photo, ImageItem):
        return photo.image_id
    if isinstance(photo, PresignedUrlItem):
        return stem(photo.filename)
    if not isinstance(photo, str):
        raise InvalidInputError(
            f"photos holds a {type(photo).__name__}: give photos, links, ids or file names"
        )
    return photo


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _append(path: Path, lines: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | OWN, 0o666)
    with os.fdopen(descriptor, "ab", buffering=0) as file:
        end = os.fstat(descriptor).st_size
        torn = end > 0 and _last_byte(path, end) != b"\n"
        text = b"\n" + lines if torn else lines
        while text:
            text = text[file.write(text) or 0 :]


def _last_byte(path: Path, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(end - 1)
        return file.read(1)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        # A link could lead to a file that others keep to themselves.
        descriptor = os.open(path, os.O_RDONLY | OWN)
    except OSError:
        return
    with os.fdopen(descriptor, "rb") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line


def _fact_of(line: bytes) -> tuple[str, str]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    photo, bib = found.get("photo"), found.get("bib")
    return (photo, bib[:_LONGEST_BIB]) if isinstance(photo, str) and isinstance(bib, str) else ("", "")
