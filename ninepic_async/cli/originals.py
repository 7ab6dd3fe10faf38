"""``ninepic originals``: sign links to original photos. Anyone who has a link can fetch the photo."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ninepic_async import Event, NinePic, Page, Pager, PresignedUrlItem
from ninepic_async._support.redact import mask_queries
from ninepic_async.cli.errors import FAILED, OK, UsageError
from ninepic_async.cli.options import ACCOUNT, ROWS, Account, EventId, RowOutput, Work, find_event
from ninepic_async.cli.progress import counting
from ninepic_async.cli.selection import Which, links, search_face
from ninepic_async.cli.tables import ORIGINALS, RowWriter, document, row_writer
from ninepic_async.cli.terminal import Noun, print_error, print_json, print_line, print_note

_WHICH = Which()


def originals(
    event_id: EventId,
    /,
    *,
    which: Which = _WHICH,
    urls: Annotated[bool, Parameter(help="Write the links only.", show_default=False)] = False,
    account: Account = ACCOUNT,
    output: RowOutput = ROWS,
) -> Work:
    """Sign links to original photos, valid for about an hour, and list their file names."""
    which.check()
    if urls and (output.json or output.format):
        raise UsageError("--urls can't be combined with --json or --format; --json contains the links too")
    writer = _URLWriter() if urls else row_writer(ORIGINALS, output.form)
    client = account.client()
    return _originals(client, event_id, which, which.read_selfie(), writer, output)


class _URLWriter:
    """Writes one link a line."""

    def write(self, items: Sequence[PresignedUrlItem], /) -> None:
        for link in items:
            print_line(link.url)


async def _originals(
    client: NinePic,
    event_id: str,
    which: Which,
    selfie: Path | bytes | None,
    writer: RowWriter[PresignedUrlItem],
    output: RowOutput,
) -> int:
    async with client:
        pages = (await _signed(await find_event(client, event_id), which, selfie)).pages()
        signed = failed = 0
        with counting("Signing") as bar:
            async with aclosing(pages):
                async for page in pages:
                    if sys.stdout.isatty():
                        bar.end()  # the rows on the same screen show the progress
                    writer.write(page.items)
                    _write_failed(page, output)
                    signed, failed = signed + len(page.items), failed + len(page.failed)
                    bar.update("", signed + failed, page.pagination.total)
    print_note(f"{Noun('original').count(signed)}{f'; {failed} could not be signed' if failed else ''}.")
    return FAILED if failed else OK


async def _signed(event: Event, which: Which, selfie: Path | bytes | None) -> Pager[PresignedUrlItem]:
    request_id = which.request_id
    if selfie is not None:
        request_id = (await search_face(event, selfie)).request_id
    found = links(event, which, request_id)
    if found is None:
        raise UsageError("select photos with --bib, --selfie, --request-id or --image-id")
    return found


def _write_failed(page: Page[PresignedUrlItem], output: RowOutput) -> None:
    for item in page.failed:
        if output.form == "json":
            print_json(document(item))
        print_error(f"{mask_queries(item.image_id)}: {mask_queries(item.error)}")
