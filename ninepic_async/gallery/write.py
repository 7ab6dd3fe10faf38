"""Making a gallery: look at the photos, make what thumbnails are missing, write the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from ninepic_async.errors import InvalidInputError
from ninepic_async.gallery.bib_notes import bibs_in
from ninepic_async.gallery.report import GalleryProgress, GalleryReport, UnreadablePhoto
from ninepic_async.gallery.scan import Contents, File, read_folder, writing

try:
    from ninepic_async.gallery.page import Item, Photo, refuse_foreign, write_page
    from ninepic_async.gallery.thumbnail_cache import Shelf, key_of
    from ninepic_async.gallery.thumbnails import Look, make_thumbnail
except ImportError as _missing:
    raise ImportError("a gallery needs Jinja2 and Pillow: pip install 'ninepic-async[gallery]'") from _missing

_MOST_THREADS: Final = 4
"""Each may have a large photo in memory."""
_WAITING_PER_THREAD: Final = 4

OnProgress = Callable[[GalleryProgress], object]


def write_gallery(
    folder: str | os.PathLike[str],
    *,
    title: str | None = None,
    on_progress: OnProgress | None = None,
) -> GalleryReport:
    """Write ``index.html`` over the photos and clips in a folder.

    Thumbnails are made in a few threads and kept in the hidden folder ``.ninepic-gallery``, so that the next
    run has to look only at photos that are new or have changed. BIBs are shown where `note_bib` has kept
    them, capture times, by the camera's clock, where the photos' EXIF has them. Nothing in the folder is
    changed but that page and that hidden folder.

    Args:
        folder: where the photos are, as `event.download` leaves them. Folders in it are not looked at.
        title: the page's; the folder's name if you say nothing.
        on_progress: called in your thread, first with what is there and then after each few photos.

    Returns:
        Where the page is, what it shows, and which files could not be read.

    Raises:
        InvalidInputError: an argument can't be right.
        GalleryError: there is no such folder, nothing in it can be shown, it can't be written to, or it has
            an ``index.html`` that is not a gallery's.

    Example:
        >>> report = write_gallery("photos/")
        >>> print(report.index, report.photos)
    """
    if on_progress is not None and not callable(on_progress):
        raise InvalidInputError(f"on_progress={on_progress!r}: give a function of one argument")
    if title is not None and not isinstance(title, str):
        raise InvalidInputError(f"title={title!r}: give text, or None for the folder's name")
    contents = read_folder(folder)
    root = Path(folder)
    refuse_foreign(root)
    with Shelf(root) as shelf:
        looks, progress = _look_at_all(root, contents, shelf, on_progress or _say_nothing)
        shelf.tidy({key_of(photo) for photo in contents.photos})
    index = _write(root, contents, looks, title)
    failed = [UnreadablePhoto(name=name, error=look.error) for name, look in looks.items() if look.error]
    return GalleryReport(
        index=index.absolute(),
        photos=len(contents.photos) - len(failed),
        clips=len(contents.clips),
        done=progress.done,
        skipped=progress.skipped,
        failed=tuple(failed),
    )


def _look_at_all(
    root: Path, contents: Contents, shelf: Shelf, tell: OnProgress
) -> tuple[dict[str, Look], GalleryProgress]:
    looks: dict[str, Look] = {}
    new: list[File] = []
    for photo in contents.photos:
        look = shelf.look(key_of(photo))
        if look is None:
            new.append(photo)
        else:
            looks[photo.name] = look
    skipped, done, failed = len(looks), 0, 0
    progress = GalleryProgress(skipped=skipped, known=len(contents.photos))
    tell(progress)
    for photo, look in _thumbnails_of(root, new, shelf):
        looks[photo.name] = look
        shelf.keep(key_of(photo), look)
        done, failed = (done + 1, failed) if look.error is None else (done, failed + 1)
        progress = GalleryProgress(done=done, skipped=skipped, failed=failed, known=len(contents.photos))
        tell(progress)
    return {photo.name: looks[photo.name] for photo in contents.photos}, progress


def _thumbnails_of(root: Path, photos: list[File], shelf: Shelf) -> Iterator[tuple[File, Look]]:
    """Make thumbnails in threads, as they come; with few waiting at any time, so that leaving is quick."""
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    todo = iter(photos)
    waiting: dict[Future[Look], File] = {}
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ninepic-gallery")
    try:
        while True:
            while len(waiting) < threads * _WAITING_PER_THREAD and (photo := next(todo, None)) is not None:
                thumbnail = shelf.thumbnail(key_of(photo))
                waiting[pool.submit(make_thumbnail, root / photo.name, thumbnail)] = photo
            if not waiting:
                return
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                with writing(root):
                    look = done.result()
                yield waiting.pop(done), look
    finally:
        pool.shutdown(cancel_futures=True)


def _write(root: Path, contents: Contents, looks: dict[str, Look], title: str | None) -> Path:
    bibs = bibs_in(root, [file.name for file in (*contents.photos, *contents.clips)])
    photos = [
        Photo(
            file=file,
            bibs=bibs.get(file.name, ()),
            look=looks[file.name],
            thumbnail=f"{key_of(file)}.jpg",
        )
        for file in contents.photos
    ]
    clips = [Item(file=file, bibs=bibs.get(file.name, ())) for file in contents.clips]
    return write_page(root, title or root.resolve().name or str(root), photos, clips)


def _say_nothing(_: GalleryProgress) -> None:
    return
