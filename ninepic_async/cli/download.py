"""``ninepic download``: fetch photos into a folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import DownloadReport, GalleryError, NinePic
from ninepic_async._support.defaults import DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES
from ninepic_async.cli.errors import FAILED, OK, UsageError
from ninepic_async.cli.fetch import FetchOptions, check_folder, fetch, print_outcome
from ninepic_async.cli.gallery import make_gallery
from ninepic_async.cli.options import ACCOUNT, HOW, OUTPUT, Account, EventId, Flag, Output, folder_path
from ninepic_async.cli.selection import Rendition, Selection, find
from ninepic_async.cli.tables import document
from ninepic_async.cli.terminal import print_error, print_json, print_line

if TYPE_CHECKING:
    from ninepic_async.gallery import GalleryReport


def _at_least_one(_: object, value: int | str | None) -> None:
    if isinstance(value, int) and value < 1:
        raise ValueError("Give a whole number from 1, or auto.")


@Parameter(name="*", group=HOW)
@frozen(kw_only=True)
class How:
    """Rendition, speed and limits."""

    rendition: Rendition | None = None
    """The watermarked preview (large, the default), the thumbnail, or the original."""

    concurrency: Annotated[int | Literal["auto"], Parameter(validator=_at_least_one)] = DOWNLOAD_CONCURRENCY
    """Files to fetch at a time; auto adapts to the connection."""

    max_bytes: Annotated[int, Parameter(validator=Number(gte=1))] = MAX_FILE_BYTES
    """Skip files larger than this, in bytes."""

    gallery: Flag = False
    """Also make index.html in the folder, a page to look at the photos."""


_SELECTION = Selection()
_HOW = How()


def download(
    event_id: EventId,
    /,
    *,
    to: Annotated[Path, Parameter(converter=folder_path, help="The folder; created if it does not exist.")],
    selection: Selection = _SELECTION,
    how: How = _HOW,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> int:
    """Fetch photos into a folder. Run it again to continue after an interruption."""
    selection.check()
    check_folder(to)
    if selection.image_id and how.rendition not in (None, "original"):
        raise UsageError("--image-id fetches originals only: leave out --rendition")
    # The page is made after the loop has ended: Ctrl-C works there.
    report, request_id = asyncio.run(_download(account.client(), event_id, selection, how, to))
    print_outcome(report, to)
    wants_page = how.gallery and bool(report.done or report.skipped)
    page = _page(to) if wants_page else None
    if output.json:
        print_json(_outcome(report, to, page, request_id))
    elif page is not None:
        print_line(str(page.index))
    all_shown = not wants_page or (page is not None and not page.failed)
    return OK if report.complete and all_shown else FAILED


def _page(to: Path) -> GalleryReport | None:
    """Make the page. If that fails, print why and go on: the download's outcome is still to be printed."""
    try:
        return make_gallery(to)
    except GalleryError as error:
        print_error(str(error))
        return None


async def _download(
    client: NinePic, event_id: str, selection: Selection, how: How, to: Path
) -> tuple[DownloadReport, str | None]:
    rendition = how.rendition or ("original" if selection.image_id else "large")
    options = FetchOptions(
        rendition="large" if rendition == "original" else rendition,
        concurrency=how.concurrency,
        max_bytes=how.max_bytes,
    )
    async with client:
        event = client.event(event_id)
        found = await find(event, selection, rendition, count=sys.stderr.isatty())
        report = await fetch(event, found, to, options)
        if selection.bib is not None and found.photos:
            from ninepic_async.gallery import note_bib

            await asyncio.to_thread(note_bib, to, selection.bib, found.photos)
    return report, found.request_id


def _outcome(
    report: DownloadReport, to: Path, page: GalleryReport | None, request_id: str | None
) -> dict[str, object]:
    further = {"gallery": page and str(page.index), "request_id": request_id}
    return document(report) | {"folder": str(to)} | {key: value for key, value in further.items() if value}
