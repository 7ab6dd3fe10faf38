"""Write a gallery: read the photos, make missing thumbnails, and write the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attrs import define, field

from ninepic_async._support import arguments as _arguments
from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.errors import InvalidInputError
from ninepic_async.gallery.photo_notes import read_notes
from ninepic_async.gallery.report import GalleryProgress, GalleryReport, UnreadablePhoto
from ninepic_async.gallery.scan import Contents, File, list_contents, opened_folder, writing

try:
    from ninepic_async.gallery.page import refuse_foreign, write_page
    from ninepic_async.gallery.thumbnail_cache import ThumbnailCache, key_of, thumbnail_of
    from ninepic_async.gallery.thumbnail_pool import ThumbnailPool
    from ninepic_async.gallery.thumbnails import PhotoInfo
    from ninepic_async.gallery.timeline import Item, Photo
except ImportError as _missing:
    raise ImportError("a gallery needs Jinja2 and Pillow: pip install 'ninepic-async[gallery]'") from _missing

OnProgress = Callable[[GalleryProgress], object]


def write_gallery(
    folder: str | os.PathLike[str],
    *,
    title: str | None = None,
    on_progress: OnProgress | None = None,
) -> GalleryReport:
    """Write ``index.html``, a page of the photos and clips in a folder.

    Photos are sorted and grouped by the cameras' capture times, or by the service's hours (UTC) if most
    photos have no capture time. The page shows BIBs that `note_bib` has stored, and how photos were found if
    `note_found_by` has stored it.

    A few processes make the thumbnails in at most 512 MB of memory. The thumbnails are kept in the hidden
    folder ``.ninepic-gallery``: the next run reads only photos that are new or have changed. No other file in
    the folder is changed. Photos in subfolders are not shown.

    Args:
        folder: the folder of the photos, such as the folder of a download.
        title: the page's title. None uses the event's name if the download has stored it, and otherwise the
            folder's name.
        on_progress: called in your thread at the start, and after each photo.

    Returns:
        The page's path, the numbers of photos and clips, and the files that can't be shown.

    Raises:
        InvalidInputError: an argument is invalid.
        GalleryError: there is no such folder, nothing in it can be shown, it can't be written to, or it has
            an ``index.html`` that is not the page of a gallery.

    Example:
        >>> report = write_gallery("photos/", title="Mumbai Marathon 2026")
        >>> print(report.index, report.photos)
    """
    if on_progress is not None and not callable(on_progress):
        raise InvalidInputError(f"on_progress={on_progress!r}: give a function of one argument")
    if title is not None and not isinstance(title, str):
        raise InvalidInputError(f"title={title!r}: give text, or None for the event's or the folder's name")
    path = Path(_arguments.folder(folder, "folder"))
    with opened_folder(path) as photos:
        contents = list_contents(photos)
        refuse_foreign(photos)
        with ThumbnailCache(photos) as cache:
            reading = _Reading(photos, cache, on_progress or _ignore, len(contents.photos))
            reading.run(contents.photos)
            cache.tidy({key_of(photo) for photo in contents.photos})
        index = _write(photos, contents, reading.infos, title)
    return _report(index, contents, reading)


@define
class _Reading:
    """Reads the facts of each photo, and makes missing thumbnails."""

    photos: OpenFolder
    cache: ThumbnailCache
    on_progress: OnProgress
    known: int
    infos: dict[str, PhotoInfo] = field(factory=dict)
    done: int = 0
    skipped: int = 0
    failed: int = 0

    def run(self, photos: list[File]) -> None:
        """Read all photos.

        Raises:
            GalleryError: a thumbnail can't be written.
        """
        new = [photo for photo in photos if not self._is_known(photo)]
        self.skipped = len(photos) - len(new)
        self._show()
        if not new:
            return
        with ThumbnailPool(self.photos, self.cache.folder, len(new)) as pool:
            made = pool.make_all(new)
            while (found := self._next(made)) is not None:
                self._add(*found)

    def _is_known(self, photo: File) -> bool:
        info = self.cache.info(key_of(photo))
        if info is not None:
            self.infos[photo.name] = info
        return info is not None

    def _next(self, made: Iterator[tuple[File, PhotoInfo]]) -> tuple[File, PhotoInfo] | None:
        # Convert only errors of writing thumbnails, and not those of on_progress.
        with writing(self.photos.path):
            return next(made, None)

    def _add(self, photo: File, info: PhotoInfo) -> None:
        self.infos[photo.name] = info
        self.cache.add(key_of(photo), info)
        if info.error is None:
            self.done += 1
        else:
            self.failed += 1
        self._show()

    def _show(self) -> None:
        self.on_progress(
            GalleryProgress(done=self.done, skipped=self.skipped, failed=self.failed, known=self.known)
        )


def _write(folder: OpenFolder, contents: Contents, infos: Mapping[str, PhotoInfo], title: str | None) -> Path:
    notes = read_notes(folder)
    photos = [
        Photo(
            file=file,
            notes=notes.of(file.name),
            info=infos[file.name],
            thumbnail=thumbnail_of(key_of(file)),
        )
        for file in contents.photos
    ]
    clips = [Item(file=file, notes=notes.of(file.name)) for file in contents.clips]
    wanted = title or notes.event_name or folder.path.resolve().name or str(folder.path)
    return write_page(folder, wanted, photos, clips)


def _report(index: Path, contents: Contents, reading: _Reading) -> GalleryReport:
    errors = ((photo.name, reading.infos[photo.name].error) for photo in contents.photos)
    failed = tuple(UnreadablePhoto(name=name, error=error) for name, error in errors if error is not None)
    return GalleryReport(
        index=index.absolute(),
        photos=len(contents.photos) - len(failed),
        clips=len(contents.clips),
        done=reading.done,
        skipped=reading.skipped,
        failed=failed,
    )


def _ignore(_: GalleryProgress) -> None:
    return
