"""``ninepic originals``: sign links to original photos. Whoever has a link has the photo."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Annotated

from cyclopts import Parameter

from ninepic_async import Event, NinePic, Page, Pager, PresignedUrlItem
from ninepic_async.cli.errors import FAILED, OK, UsageError
from ninepic_async.cli.options import ACCOUNT, OUTPUT, Account, EventId, Output, Work
from ninepic_async.cli.progress import counting
from ninepic_async.cli.selection import Which, links, search_face
from ninepic_async.cli.tables import ORIGINALS, document, row_writer
from ninepic_async.cli.terminal import Noun, print_error, print_json, print_line, print_note

_WHICH = Which()


def originals(
    event_id: EventId,
    /,
    *,
    which: Which = _WHICH,
    urls: Annotated[bool, Parameter(help="Write the links only.", show_default=False)] = False,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Sign links to original photos, valid for about an hour, and list their file names."""
    which.check()
    if urls and output.json:
        raise UsageError("give either --urls or --json: JSON contains the links too")
    return _originals(account.client(), event_id, which, _writer(urls, output), output)


Write = Callable[[Sequence[PresignedUrlItem]], None]


def _writer(urls: bool, output: Output) -> Write:
    return _write_urls if urls else row_writer(ORIGINALS, json=output.json)


def _write_urls(found: Sequence[PresignedUrlItem]) -> None:
    for link in found:
        print_line(link.url)


async def _originals(client: NinePic, event_id: str, which: Which, write: Write, output: Output) -> int:
    async with client:
        pages = (await _signed(client.event(event_id), which)).pages()
        signed = failed = 0
        with counting("Signing") as bar:
            async with aclosing(pages):
                async for page in pages:
                    if sys.stdout.isatty():
                        bar.end()  # the rows on the same screen show the progress
                    write(page.items)
                    _write_failed(page, output)
                    signed, failed = signed + len(page.items), failed + len(page.failed)
                    bar.update("", signed + failed, page.pagination.total)
    print_note(f"{Noun('original').count(signed)}{f'; {failed} could not be signed' if failed else ''}.")
    return FAILED if failed else OK


async def _signed(event: Event, which: Which) -> Pager[PresignedUrlItem]:
    request_id = which.request_id
    if which.selfie is not None:
        request_id = (await search_face(event, which.selfie)).request_id
    found = links(event, which, request_id)
    if found is None:
        raise UsageError("say which photos")
    return found


def _write_failed(page: Page[PresignedUrlItem], output: Output) -> None:
    for item in page.failed:
        if output.json:
            print_json(document(item))
        print_error(f"{item.image_id}: {item.error}")
