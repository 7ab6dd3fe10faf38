"""Photos from a folder of JPEGs."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from os import PathLike
from pathlib import Path
from typing import Final

from attrs import evolve, frozen
from PIL import Image, ImageOps

from ninepic_async._support.capture_time import read_capture_time
from ninepic_async.sandbox.errors import FolderError
from ninepic_async.sandbox.event_photos import Photo
from ninepic_async.sandbox.seeded import uuid_of

BIBS_FILE: Final = "bibs.csv"
PHOTOS_PER_GENERATED_BIB: Final = 20
PREVIEW: Final = 64
_SUFFIXES: Final = (".jpg", ".jpeg")
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = (5, 6, 7, 8)
_log: Final = logging.getLogger("ninepic_async.sandbox")


@frozen(eq=False)
class FolderPhoto:
    """One file: its upright size, its capture time, its BIBs, and a small version for matching."""

    path: Path
    image_id: str
    size: tuple[int, int]
    taken_at: int | None
    bibs: tuple[str, ...]
    preview: Image.Image


class FolderPhotos:
    """The photos of a folder, ordered by capture time, then by name.

    Args:
        photos: The readable files.
        left_out: One line for each other file, with the reason why it is not served.
    """

    def __init__(self, photos: Iterable[FolderPhoto], left_out: Sequence[str] = ()) -> None:
        self.left_out: Sequence[str] = tuple(left_out)
        # Photos without a time are last.
        self.files: Sequence[FolderPhoto] = sorted(
            photos, key=lambda photo: (photo.taken_at is None, photo.taken_at or 0, photo.path.name)
        )
        self.total: int = len(self.files)
        self.timed: int = sum(photo.taken_at is not None for photo in self.files)
        self._ids = {photo.image_id: place for place, photo in enumerate(self.files)}
        self._places: dict[str, list[int]] = {}
        bibs: dict[str, str] = {}
        for place, photo in enumerate(self.files):
            for bib in photo.bibs:
                bibs.setdefault(bib.casefold(), bib)
                self._places.setdefault(bib.casefold(), []).append(place)
        self.participants: Sequence[str] = tuple(bibs.values())
        self.bibs: Sequence[str] = self.participants

    def photo(self, index: int) -> Photo:
        """Return a photo by its index."""
        found = self.files[index]
        return Photo(index, found.image_id, *found.size, found.taken_at, open_original=False)

    def taken_at(self, index: int) -> int:
        """Return the capture time of one of the first ``timed`` photos."""
        return self.files[index].taken_at or 0

    def index_of(self, image_id: str) -> int | None:
        """Return a photo's index, or None for an unknown id."""
        return self._ids.get(image_id)

    def bibs_in(self, index: int) -> tuple[str, ...]:
        """Return the BIBs of a photo."""
        return self.files[index].bibs

    def of_bib(self, bib: str) -> Sequence[int]:
        """Return the indices of a BIB's photos, in order; the BIB is compared without case."""
        return self._places.get(bib.casefold(), ())


def read_folder(folder: str | PathLike[str], known: FolderPhotos | None = None) -> FolderPhotos:
    """Read each JPEG of a folder, and its ``bibs.csv`` if there is one.

    Files that are not readable JPEGs are left out, with a warning in the log.

    Args:
        folder: The folder.
        known: Photos that were read before. They keep their generated BIBs, and are not read again.

    Raises:
        FolderError: The folder is missing, has no readable JPEGs, or its ``bibs.csv`` is malformed.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FolderError(f"no such folder: {root}; give a folder of JPEGs")
    paths = sorted(path for path in root.iterdir() if _is_photo(path))
    if not paths:
        raise FolderError(f"there are no JPEGs (.jpg, .jpeg) in {root}: copy some into it first")
    before = {photo.path.name: photo for photo in known.files} if known is not None else {}
    names = [path.name for path in paths]
    bibs = _with_generated(names, _read_bibs(root, set(names)), before)
    photos, left_out = _read_photos(paths, before)
    if not photos:
        raise FolderError(f"none of the {len(paths)} JPEGs in {root} is readable: {left_out[0]}")
    return FolderPhotos((evolve(photo, bibs=bibs[photo.path.name]) for photo in photos), left_out)


def _is_photo(path: Path) -> bool:
    return path.suffix.casefold() in _SUFFIXES and not path.name.startswith(".") and path.is_file()


def _read_photos(
    paths: Sequence[Path], before: Mapping[str, FolderPhoto]
) -> tuple[Sequence[FolderPhoto], Sequence[str]]:
    photos, left_out = [], []
    for path in paths:
        try:
            photos.append(before.get(path.name) or _read_photo(path))
        except Exception as error:
            reason = f"{path} is not a readable JPEG ({error})"
            _log.warning("The sandbox does not serve a file: %s", reason)
            left_out.append(reason)
    return photos, left_out


def _read_photo(path: Path) -> FolderPhoto:
    with Image.open(path, formats=("JPEG",)) as picture:
        taken_at = _taken_at(picture)
        width, height = picture.size
        if picture.getexif().get(_ORIENTATION) in _SIDEWAYS:
            width, height = height, width
        # Decode the whole file, at a small size, to find truncated ones.
        picture.draft("RGB", (PREVIEW * 2, PREVIEW * 2))
        preview = ImageOps.exif_transpose(picture).convert("RGB").resize((PREVIEW, PREVIEW))
    return FolderPhoto(path, uuid_of("folder", path.name), (width, height), taken_at, (), preview)


def _taken_at(picture: Image.Image) -> int | None:
    """Return the capture time in Unix seconds. A time without an offset is read as UTC."""
    moment = read_capture_time(picture)
    if moment is None:
        return None
    try:
        return int((moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except OverflowError:  # the offset moves the time beyond year 1 or 9999: ignore it
        return int(moment.replace(tzinfo=UTC).timestamp())


def _read_bibs(root: Path, names: set[str]) -> Mapping[str, tuple[str, ...]]:
    path = root / BIBS_FILE
    bibs: dict[str, tuple[str, ...]] = {}
    spellings: dict[str, str] = {}
    if not path.is_file():
        return bibs
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FolderError(f"{path} is not a readable CSV file ({error}); save it as UTF-8") from error
    for number, row in enumerate(rows, 1):
        if not any(row) or (number == 1 and [cell.casefold() for cell in row[:2]] == ["file", "bib"]):
            continue
        if len(row) < 2 or not row[1]:
            raise FolderError(f"{path}, line {number}: write a file name and a BIB")
        if row[0] not in names:
            raise FolderError(f"{path}, line {number}: the folder has no JPEG {row[0]!r}")
        bib = spellings.setdefault(row[1].casefold(), row[1])
        bibs[row[0]] = tuple(dict.fromkeys((*bibs.get(row[0], ()), bib)))
    return bibs


def _with_generated(
    names: Sequence[str], bibs: Mapping[str, tuple[str, ...]], before: Mapping[str, FolderPhoto]
) -> dict[str, tuple[str, ...]]:
    """Return the BIBs of each file. Files without any get generated BIBs, one for about 20 files."""
    without_bib = [name for name in names if name not in bibs]
    used = {bib.casefold() for of_file in bibs.values() for bib in of_file}
    free = [str(number) for number in range(101, 101 + len(names) + len(used)) if str(number) not in used]
    groups = max(1, len(without_bib) // PHOTOS_PER_GENERATED_BIB)
    generated = {name: (free[place % groups],) for place, name in enumerate(without_bib)}
    kept = {name: before[name].bibs for name in without_bib if name in before}
    return {**bibs, **generated, **kept}
