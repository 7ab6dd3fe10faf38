"""``ninepic originals``: signed links, which are as good as the photos that they lead to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Annotated

from cyclopts import Parameter

from ninepic_async import Event, NinePic, Page, Pager, PresignedUrlItem
from ninepic_async.cli.document import document
from ninepic_async.cli.errors import FAILED, OK, UsageError
from ninepic_async.cli.options import ACCOUNT, OUTPUT, Account, EventId, Output, Work
from ninepic_async.cli.progress import counting
from ninepic_async.cli.selfie import search_face
from ninepic_async.cli.sources import Which, links
from ninepic_async.cli.tables import ORIGINALS, row_writer
from ninepic_async.cli.terminal import complain, say, say_json, tell
from ninepic_async.cli.words import Words

_WHICH = Which()


def originals(
    event_id: EventId,
    /,
    *,
    which: Which = _WHICH,
    urls: Annotated[bool, Parameter(help="Write the links and nothing else.", show_default=False)] = False,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Sign links to original photos, each good for about an hour, and list their file names."""
    which.check()
    if urls and output.json:
        raise UsageError("give --urls or --json: the latter has the links too")
    return _originals(account.client(), event_id, which, _writer(urls, output), output)


Write = Callable[[Sequence[PresignedUrlItem]], None]


def _writer(urls: bool, output: Output) -> Write:
    return _write_urls if urls else row_writer(ORIGINALS, json=output.json)


def _write_urls(found: Sequence[PresignedUrlItem]) -> None:
    for link in found:
        say(link.url)


async def _originals(client: NinePic, event_id: str, which: Which, write: Write, output: Output) -> int:
    async with client:
        pages = (await _signed(client.event(event_id), which)).pages()
        signed = failed = 0
        with counting("Signing") as bar:
            async with aclosing(pages):
                async for page in pages:
                    if sys.stdout.isatty():
                        bar.end()  # rows that run over the same screen are progress enough
                    write(page.items)
                    _write_failed(page, output)
                    signed, failed = signed + len(page.items), failed + len(page.failed)
                    bar.update("", signed + failed, page.pagination.total)
    tell(f"{Words('original').count(signed)}{f'; {failed} could not be signed' if failed else ''}.")
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
            say_json(document(item))
        complain(f"{item.image_id}: {item.error}")
