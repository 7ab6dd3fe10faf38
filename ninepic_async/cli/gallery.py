"""``ninepic gallery`` and ``ninepic open``: make a web page of fetched photos, and open it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from ninepic_async._support.text import count_text
from ninepic_async.cli.errors import FAILED, OK, Interrupted, UsageError
from ninepic_async.cli.options import OUTPUT, Output, folder_path
from ninepic_async.cli.progress import counting
from ninepic_async.cli.terminal import print_error, print_failures, print_json, print_line, print_note
from ninepic_async.errors import GalleryError

if TYPE_CHECKING:
    from ninepic_async import Event
    from ninepic_async.gallery import GalleryProgress, GalleryReport

_DIR: Final = Parameter(name="DIR", converter=folder_path, help="The folder of `ninepic download`.")


_PAGE: Final = Parameter(
    name="DIR", converter=folder_path, help="A folder with a page, or the page. Default: the current folder."
)
_PRINT_HELP: Final = "Print the page's address instead of opening it."


def gallery(
    folder: Annotated[Path, _DIR],
    /,
    *,
    title: Annotated[str | None, Parameter(help="The page's title. Default: the folder's name.")] = None,
    output: Output = OUTPUT,
) -> int:
    """Make index.html in a folder of fetched photos and clips."""
    report = make_gallery(folder, title)
    if output.json:
        print_json(
            {
                "index": str(report.index),
                "photos": report.photos,
                "clips": report.clips,
                "failed": [row.to_dict() for row in report.failed],
            }
        )
    else:
        print_line(str(report.index))
    return FAILED if report.failed else OK


def open_page(
    folder: Annotated[Path, _PAGE] = Path(),
    /,
    *,
    print_only: Annotated[bool, Parameter(name="--print", help=_PRINT_HELP, show_default=False)] = False,
) -> int:
    """Open a folder's page in the browser.

    Raises:
        UsageError: there is no page.
    """
    page = folder if folder.is_file() else folder / "index.html"
    if not page.is_file():
        raise UsageError(f"there is no page at {page}: `ninepic gallery {folder}` makes one")
    address = page.resolve().as_uri()
    if print_only:
        print_line(address)
        return OK
    import webbrowser

    if not webbrowser.open(address):
        print_error("no browser could be opened; the page is at:")
        print_line(address)
        return FAILED
    print_note(f"Opened {page}.")
    return OK


async def name_of(event: Event) -> str | None:
    """Return an event's name for its page; None if it can't be fetched."""
    from ninepic_async import NinePicError

    try:
        return (await event.details()).event_name
    except NinePicError:
        return None  # then the page has the folder's name


def page_after_download(to: Path, title: str | None) -> GalleryReport | None:
    """Make the page. If that fails, print the error and return None, so that the command can continue."""
    try:
        return make_gallery(to, title)
    except GalleryError as error:
        print_error(str(error))
        return None


def make_gallery(folder: Path, title: str | None = None) -> GalleryReport:
    """Make the page. Call it outside an event loop, so that Ctrl-C works.

    Raises:
        Interrupted: the user pressed Ctrl-C. The message says how to continue.
        GalleryError: the folder can't be read or written to, or has no photos or clips.
    """
    from ninepic_async.gallery import write_gallery

    with counting("Thumbnails") as bar:

        def show(progress: GalleryProgress) -> None:
            bar.update("", progress.done + progress.skipped + progress.failed, progress.known)

        try:
            report = write_gallery(folder, title=title, on_progress=show)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; run `ninepic gallery {folder}` to continue; thumbnails made so far are kept"
            ) from None
    print_failures(((row.name, row.error) for row in report.failed), " can't be shown")
    clips = f" and {count_text(report.clips, 'clip')}" if report.clips else ""
    print_note(f"A page of {count_text(report.photos, 'photo')}{clips}.")
    return report
