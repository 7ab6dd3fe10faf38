"""``ninepic download``: fetch photos into a folder."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number
from rich import filesize

from ninepic_async import DownloadReport, NinePic
from ninepic_async._support.defaults import DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES
from ninepic_async.cli.errors import FAILED, OK, UsageError
from ninepic_async.cli.fetch import STDOUT, FetchOptions, check_folder, fetch, print_outcome
from ninepic_async.cli.gallery import page_after_download
from ninepic_async.cli.options import (
    ACCOUNT,
    HOW,
    OUTPUT,
    Account,
    EventId,
    Flag,
    Format,
    Output,
    find_event,
    folder_path,
)
from ninepic_async.cli.selection import Found, Rendition, Selection, find, listed
from ninepic_async.cli.streams import check_stdout, check_zip, write_photo, write_zip
from ninepic_async.cli.tables import PHOTOS, document, row_writer
from ninepic_async.cli.terminal import Noun, print_error, print_json, print_line, print_note

if TYPE_CHECKING:
    from ninepic_async.gallery import GalleryReport


_WHERE: Final = "give either --to FOLDER or --zip FILE"


def _at_least_one(_: object, value: int | str | None) -> None:
    if isinstance(value, int) and value < 1:
        raise ValueError("Give a whole number from 1, or auto.")


@Parameter(name="*", group=HOW)
@frozen(kw_only=True)
class DownloadOptions:
    """Rendition, speed and limits."""

    rendition: Rendition | None = None
    """The watermarked preview (large, the default), the thumbnail, or the original."""

    concurrency: Annotated[int | Literal["auto"], Parameter(validator=_at_least_one)] = DOWNLOAD_CONCURRENCY
    """Files to fetch at the same time; auto adapts to the connection."""

    max_bytes: Annotated[int, Parameter(validator=Number(gte=1))] = MAX_FILE_BYTES
    """Skip files larger than this, in bytes."""

    skip_deleted: Flag = False
    """Do not fetch files again that you have deleted from the folder."""

    gallery: Flag = False
    """Also make index.html in the folder, a page that shows the photos."""

    title: str | None = None
    """The page's title. Default: the event's name."""

    dry_run: Flag = False
    """List the photos that would be fetched, and fetch none."""

    def check(self, selection: Selection, to: Path | None, zip_to: Path | None) -> None:
        """Check that the options can be used together.

        Raises:
            UsageError: they can't.
        """
        if to is not None and zip_to is not None:
            raise UsageError(_WHERE)
        if zip_to is not None:
            self._check_zip(zip_to)
        if selection.image_id and self.rendition not in (None, "original"):
            raise UsageError("--image-id fetches originals only: remove --rendition")
        if self.title is not None and not self.gallery:
            raise UsageError("--title is the title of the page: give --gallery too")
        if self.dry_run and selection.selfie is not None:
            raise UsageError(
                "a selfie search is charged in a dry run too: run `ninepic face` and give its --request-id"
            )
        if to == STDOUT and (self.gallery or self.dry_run or len(set(selection.image_id)) != 1):
            raise UsageError("--to - writes one photo to stdout: select it with one --image-id")

    def _check_zip(self, zip_to: Path) -> None:
        is_plain = (self.concurrency, self.max_bytes) == (DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES)
        if not is_plain or self.skip_deleted or self.gallery or self.dry_run:
            raise UsageError("with --zip, give no other option of this group than --rendition")
        check_zip(zip_to)


_SELECTION = Selection()
_OPTIONS = DownloadOptions()
_TO: Final = Parameter(
    converter=folder_path,
    allow_leading_hyphen=True,
    help="The folder; created if it does not exist. With one --image-id, - writes the photo to stdout.",
)

_ZIP: Final = Parameter(
    allow_leading_hyphen=True, help="Write a ZIP to this file instead of files into a folder; - is stdout."
)


def download(
    event_id: EventId,
    /,
    *,
    to: Annotated[Path | None, _TO] = None,
    zip: Annotated[Path | None, _ZIP] = None,  # noqa: A002 (the option's name)
    selection: Selection = _SELECTION,
    options: DownloadOptions = _OPTIONS,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> int:
    """Fetch photos into a folder or a ZIP. Run it again to continue after an interruption."""
    selection.check()
    options.check(selection, to, zip)
    if zip is not None:
        return _to_zip(event_id, selection, options, zip, account, output)
    if to is None:
        raise UsageError(_WHERE)
    if to == STDOUT:
        check_stdout()
        asyncio.run(write_photo(account.client(), event_id, selection.image_id[0], options.max_bytes))
        return OK
    if options.dry_run:
        return asyncio.run(_dry_run(account.client(), event_id, selection, to, output))
    check_folder(to)
    client, selfie = account.client(), selection.read_selfie()
    # Make the page after the loop has ended, because Ctrl-C works there.
    report, found = asyncio.run(_download(client, event_id, selection, selfie, options, to))
    print_outcome(report, to)
    wants_page = options.gallery and bool(report.done or report.skipped)
    page = page_after_download(to, options.title) if wants_page else None
    if output.json:
        print_json(_outcome(report, to, page, found.request_id))
    elif page is not None:
        print_line(str(page.index))
    all_shown = not wants_page or (page is not None and not page.failed)
    return OK if report.complete and all_shown else FAILED


async def _download(
    client: NinePic,
    event_id: str,
    selection: Selection,
    selfie: Path | bytes | None,
    options: DownloadOptions,
    to: Path,
) -> tuple[DownloadReport, Found]:
    fetching = FetchOptions(
        rendition=options.rendition or "large",
        concurrency=options.concurrency,
        max_bytes=options.max_bytes,
        skip_deleted=options.skip_deleted,
    )
    async with client:
        event = await find_event(client, event_id)
        found = await find(event, selection, selfie, count=sys.stderr.isatty())
        report = await fetch(event, found, to, fetching)
        if selection.bib is not None and found.photos:
            from ninepic_async.gallery import note_bib

            await asyncio.to_thread(note_bib, to, selection.bib, found.photos)
    return report, found


async def _dry_run(client: NinePic, event_id: str, selection: Selection, to: Path, output: Output) -> int:
    form: Format = "json" if output.json else ("table" if sys.stdout.isatty() else "tsv")
    async with client:
        event = await find_event(client, event_id)
        if selection.image_id:
            ids = dict.fromkeys(selection.image_id)
            count = len(ids)
            for image_id in ids:
                print_json({"image_id": image_id}) if output.json else print_line(image_id)
        else:
            count = 0
            writer = row_writer(PHOTOS, form)
            async with aclosing(listed(event, selection).pages()) as pages:
                async for page in pages:
                    writer.write(page.items)
                    count += len(page.items)
    print_note(f"{Noun('photo', f'would be fetched into {to}').count(count)}; nothing was fetched.")
    return OK


def _to_zip(
    event_id: str, selection: Selection, options: DownloadOptions, to: Path, account: Account, output: Output
) -> int:
    client, selfie = account.client(), selection.read_selfie()
    rendition = options.rendition or "large"
    zipped = asyncio.run(write_zip(client, event_id, selection, selfie, rendition, to))
    print_note(f"A ZIP of {filesize.decimal(zipped.bytes)}, in {'stdout' if to == STDOUT else to}.")
    if not zipped.complete:
        print_error("photos are missing: MISSING.txt in the ZIP names them")
    if output.json and to != STDOUT:
        found = {"request_id": zipped.request_id} if zipped.request_id else {}
        print_json({"zip": str(to), "bytes": zipped.bytes, "complete": zipped.complete, **found})
    return OK if zipped.complete else FAILED


def _outcome(
    report: DownloadReport, to: Path, page: GalleryReport | None, request_id: str | None
) -> dict[str, object]:
    optional = {"gallery": page and str(page.index), "request_id": request_id}
    return document(report) | {"folder": str(to)} | {key: value for key, value in optional.items() if value}
