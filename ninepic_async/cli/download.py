"""``ninepic download``: photos into a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import DownloadReport, NinePic
from ninepic_async.cli.bulk import MAX_BYTES, Manner, fetch, tell_outcome
from ninepic_async.cli.document import document
from ninepic_async.cli.failure import FAILED, OK, UsageError
from ninepic_async.cli.gallery import make_gallery
from ninepic_async.cli.options import ACCOUNT, HOW, OUTPUT, Account, EventId, Flag, Output, Work
from ninepic_async.cli.sources import Rendition, Selection, find
from ninepic_async.cli.terminal import say_json, tell


@Parameter(name="*", group=HOW)
@frozen(kw_only=True)
class How:
    """In which form, and how fast."""

    rendition: Rendition | None = None
    """The watermarked preview, large (the default) or as a thumbnail, or the original."""

    concurrency: Annotated[int, Parameter(validator=Number(gte=1))] | Literal["auto"] = 16
    """How many files at once; auto finds that out."""

    max_bytes: Annotated[int, Parameter(validator=Number(gte=1))] = MAX_BYTES
    """A larger file is not fetched."""

    gallery: Flag = False
    """Then make index.html in the folder, to look at what is there."""


_SELECTION = Selection()
_HOW = How()


def download(
    event_id: EventId,
    /,
    *,
    to: Annotated[Path, Parameter(help="The folder; it is made if need be.")],
    selection: Selection = _SELECTION,
    how: How = _HOW,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Fetch photos into a folder. Run it again to go on where it was interrupted."""
    selection.check()
    if selection.image_id and how.rendition not in (None, "original"):
        raise UsageError("by --image-id there are originals only: leave --rendition out")
    return _download(account.client(), event_id, selection, how, to, output)


async def _download(
    client: NinePic, event_id: str, selection: Selection, how: How, to: Path, output: Output
) -> int:
    rendition = how.rendition or ("original" if selection.image_id else "large")
    manner = Manner(
        rendition="large" if rendition == "original" else rendition,
        concurrency=how.concurrency,
        max_bytes=how.max_bytes,
    )
    async with client:
        event = client.event(event_id)
        found = await find(event, selection, rendition, count=sys.stderr.isatty())
        report = await fetch(event, found, to, manner)
    page = await make_gallery(to) if how.gallery else None
    if output.json:
        say_json(_outcome(report, to, page, found.request_id))
    tell_outcome(report, to)
    if page is not None:
        tell(f"Look at them: {page}")
    return OK if report.complete else FAILED


def _outcome(
    report: DownloadReport, to: Path, page: Path | None, request_id: str | None
) -> dict[str, object]:
    further = {"gallery": page and str(page), "request_id": request_id}
    return document(report) | {"folder": str(to)} | {key: value for key, value in further.items() if value}
