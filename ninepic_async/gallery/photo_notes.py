"""Store and read notes about photos: their BIBs, how they were found, and facts from the service.

``.ninepic-notes.jsonl`` has a line for each note (``{"photo": …, "bib": …}``). Lines are only appended.
A note names its photo by file name or by id. The facts from the service are in the download's journal.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from ninepic_async._support import arguments as _arguments
from ninepic_async._support.jsonl import append_rows, read_rows
from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.download.journal import FILE_NAME as JOURNAL
from ninepic_async.download.names import stem
from ninepic_async.errors import InvalidInputError
from ninepic_async.gallery.scan import writing
from ninepic_async.models import ImageItem, PresignedUrlItem

FILE_NAME: Final = ".ninepic-notes.jsonl"
FOUND_BY: Final = ("bib", "selfie")
_LONGEST_BIB: Final = 100
_LONGEST_TITLE: Final = 200


def note_bib(
    folder: str | os.PathLike[str],
    bib: str | int,
    photos: Iterable[ImageItem | PresignedUrlItem | str],
) -> None:
    """Store which photos a BIB is in, so that the folder's gallery shows it.

    Args:
        folder: the folder of the photos. It is created if it is missing.
        bib: the number as it is printed.
        photos: results of a BIB search, links to originals, ids, or file names. Duplicates are shown once.

    Raises:
        InvalidInputError: the BIB is empty or has more than 100 characters, or another argument is invalid.
        GalleryError: the folder can't be written to.

    Example:
        >>> photos = await event.bib_search("1234").collect()
        >>> await event.download(photos, "photos/")
        >>> note_bib("photos/", "1234", photos)
    """
    root, printed = Path(_arguments.folder(folder, "folder")), _printed(bib)
    if isinstance(photos, str):
        raise InvalidInputError("photos is one string: give a list of ids or file names")
    _append(root, [{"photo": _identity(photo), "bib": printed} for photo in photos])


def note_found_by(folder: str | os.PathLike[str], found_by: Mapping[str, Collection[str]]) -> None:
    """Store how photos were found, so that the folder's gallery shows it.

    Args:
        folder: the folder of the photos. It is created if it is missing.
        found_by: for each photo's id, ``"bib"``, ``"selfie"`` or both, such as ``Memories.found_by``.
            Photos without a known time are shown in this order.

    Raises:
        InvalidInputError: an argument is invalid.
        GalleryError: the folder can't be written to.

    Example:
        >>> photos = await event.bib_search("1234").collect()
        >>> note_found_by("photos/", {photo.image_id: {"bib"} for photo in photos})
    """
    root = Path(_arguments.folder(folder, "folder"))
    if not isinstance(found_by, Mapping):
        raise InvalidInputError(
            f"found_by is a {type(found_by).__name__}: give a mapping of ids, such as Memories.found_by"
        )
    _append(
        root,
        [
            {"photo": _identity(photo), "found_by": way, "list": "found", "place": place}
            for place, (photo, ways) in enumerate(found_by.items())
            for way in _ways(ways)
        ],
    )


@define
class PhotoNotes:
    """The notes about one photo.

    Attributes:
        bibs: the BIBs in it, in the order in which they were stored.
        found_by: ``"bib"``, ``"selfie"`` or both.
        hour: the UTC hour in which it was taken, from the service, without a time zone.
        place: the name of its list, and its position in that list. The service lists photos by capture time.
    """

    bibs: tuple[str, ...] = ()
    found_by: tuple[str, ...] = ()
    hour: datetime | None = None
    place: tuple[str, int] | None = None


@define
class FolderNotes:
    """The notes about the photos in a folder.

    Attributes:
        event_name: the event of the last download.
    """

    event_name: str | None = None
    _noted: dict[str, dict[tuple[str, str], None]] = field(factory=dict)
    _places: dict[str, tuple[str, int]] = field(factory=dict)
    _journal: dict[str, dict[str, Any]] = field(factory=dict)

    def of(self, name: str) -> PhotoNotes:
        """Return the notes about a file."""
        row = self._journal.get(name, {})
        known_as = dict.fromkeys((_plain(name), str(row.get("id", "")), _plain(stem(name))))
        noted = dict.fromkeys(note for each in known_as for note in self._noted.get(each, ()))
        noted_place = next((self._places[each] for each in known_as if each in self._places), None)
        return PhotoNotes(
            bibs=tuple(text for kind, text in noted if kind == "bib"),
            found_by=tuple(way for way in FOUND_BY if ("found_by", way) in noted),
            hour=_hour(row.get("hour")),
            place=_place(row) or noted_place,
        )


def read_notes(folder: OpenFolder) -> FolderNotes:
    """Read the notes about the photos in a folder."""
    notes = FolderNotes()
    for row in _rows(folder, FILE_NAME):
        photo, bib, way = row.get("photo"), row.get("bib"), row.get("found_by")
        if not isinstance(photo, str):
            continue
        noted, place = notes._noted.setdefault(photo, {}), _place(row)
        if place is not None:
            notes._places[photo] = place
        if isinstance(bib, str) and bib:
            noted["bib", bib[:_LONGEST_BIB]] = None
        if way in FOUND_BY:
            noted["found_by", way] = None
    for row in _rows(folder, JOURNAL):
        name, event_name = row.get("name"), row.get("event_name")
        if isinstance(name, str) and isinstance(row.get("id"), str):
            notes._journal[name] = row
        elif isinstance(event_name, str) and event_name.strip():
            notes.event_name = event_name.strip()[:_LONGEST_TITLE]
    return notes


def _rows(folder: OpenFolder, name: str) -> Iterator[dict[str, Any]]:
    # `reading` refuses links, which could lead to a private file, and FIFOs, which would block.
    with suppress(OSError), folder.reading(name) as file:
        yield from read_rows(file)


def _hour(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    local = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    return local.replace(minute=0, second=0, microsecond=0)


def _place(row: Mapping[str, object]) -> tuple[str, int] | None:
    name, place = row.get("list"), row.get("place")
    return (name, place) if isinstance(name, str) and type(place) is int else None


def _printed(bib: str | int) -> str:
    text = str(bib).strip() if isinstance(bib, str) or type(bib) is int else ""
    if not 0 < len(text) <= _LONGEST_BIB:
        raise InvalidInputError(f"bib={repr(bib)[:_LONGEST_BIB]}: give the number as it is printed")
    return _plain(text)


def _ways(ways: Collection[str]) -> list[str]:
    if isinstance(ways, str) or not isinstance(ways, Collection) or not all(way in FOUND_BY for way in ways):
        raise InvalidInputError(
            f"found_by holds {ways!r:.100}: give a set of {' and '.join(map(repr, FOUND_BY))}"
        )
    return sorted(ways)


def _identity(photo: ImageItem | PresignedUrlItem | str) -> str:
    if isinstance(photo, ImageItem):
        return _plain(photo.image_id)
    if isinstance(photo, PresignedUrlItem):
        return _plain(stem(photo.filename))
    if not isinstance(photo, str):
        raise InvalidInputError(
            f"photos holds a {type(photo).__name__}: give photos, links, ids or file names"
        )
    return _plain(photo)


def _plain(text: str) -> str:
    # File names can hold characters that can't be encoded as UTF-8.
    return text.encode("utf-8", "replace").decode()


def _append(root: Path, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        with OpenFolder.open(root) as folder:
            descriptor = folder.open_file(FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                append_rows(descriptor, rows)
            finally:
                os.close(descriptor)
