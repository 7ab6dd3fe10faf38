"""``ninepic gallery``: a page to look at what was fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from ninepic_async.cli.errors import FAILED, OK, Interrupted
from ninepic_async.cli.options import OUTPUT, Output, a_folder
from ninepic_async.cli.progress import counting
from ninepic_async.cli.terminal import complain, say, say_json, tell
from ninepic_async.cli.words import many

if TYPE_CHECKING:
    from ninepic_async.gallery import GalleryProgress, GalleryReport

_FAILURES_SHOWN: Final = 5
_DIR: Final = Parameter(name="DIR", converter=a_folder, help="Where `ninepic download` put photos and clips.")


def gallery(
    folder: Annotated[Path, _DIR],
    /,
    *,
    title: Annotated[str | None, Parameter(help="The page's; the folder's name if not given.")] = None,
    output: Output = OUTPUT,
) -> int:
    """Make index.html in a folder of fetched photos and clips."""
    report = make_gallery(folder, title)
    if output.json:
        say_json(
            {
                "index": str(report.index),
                "photos": report.photos,
                "clips": report.clips,
                "failed": [{"name": row.name, "error": row.error} for row in report.failed],
            }
        )
    else:
        say(str(report.index))
    return FAILED if report.failed else OK


def make_gallery(folder: Path, title: str | None = None) -> GalleryReport:
    """Make the page, outside of any loop, so that Ctrl-C gets through.

    Raises:
        Interrupted: Ctrl-C; it says how to go on.
        GalleryError: the folder can't be read or written to, or has nothing to show.
    """
    from ninepic_async.gallery import write_gallery

    with counting("Thumbnails") as bar:

        def show(progress: GalleryProgress) -> None:
            bar.update("", progress.done + progress.skipped + progress.failed, progress.known)

        try:
            report = write_gallery(folder, title=title, on_progress=show)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; `ninepic gallery {folder}` goes on with the thumbnails made so far"
            ) from None
    for row in report.failed[:_FAILURES_SHOWN]:
        complain(f"{row.name} can't be shown: {row.error}")
    if len(report.failed) > _FAILURES_SHOWN:
        complain(f"and {len(report.failed) - _FAILURES_SHOWN:,} more")
    tell(f"A page of {many(report.photos, 'photo')} and {many(report.clips, 'clip')}.")
    return report
