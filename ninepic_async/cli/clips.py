"""``ninepic clips``: find video clips (Motion) and show the status while waiting."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from time import monotonic
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import Clip, ClipJob, ClipResult, Event, NinePic, NotFoundError
from ninepic_async.cli.errors import FAILED, OK, Interrupted, UsageError
from ninepic_async.cli.fetch import FetchOptions, check_folder, fetch, print_outcome
from ninepic_async.cli.options import (
    ACCOUNT,
    OUTPUT,
    Account,
    EventId,
    Output,
    RequestId,
    SelfieFile,
    Work,
    folder_path,
)
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.selection import Found
from ninepic_async.cli.tables import CLIPS, document, row_writer
from ninepic_async.cli.terminal import Noun, print_json, print_note

_WAIT_S: Final = 600.0
_TO: Final = Parameter(converter=folder_path, help="Also fetch the clips into this folder.")
_WAIT: Final = Parameter(
    validator=Number(gt=0, lte=86_400),
    help="Seconds to wait at most; --request-id continues the search later.",
)


def clips(
    event_id: EventId,
    selfie: SelfieFile = None,
    /,
    *,
    request_id: RequestId = None,
    wait: Annotated[float, _WAIT] = _WAIT_S,
    to: Annotated[Path | None, _TO] = None,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Find a person's video clips (Motion), and wait for them."""
    if (selfie is None) == (request_id is None):
        raise UsageError("give a selfie, or --request-id of an earlier search")
    check_folder(to)
    return _clips(account.client(), event_id, selfie or str(request_id), wait, to, output)


async def _clips(
    client: NinePic, event_id: str, whom: Path | str, wait: float, to: Path | None, output: Output
) -> int:
    async with client:
        event = client.event(event_id)
        job = await start(event, whom)
        result = await watch(job, wait)
        if output.json:
            print_json(document(result))
        else:
            row_writer(CLIPS, json=False)(result.clips)
        print_note(f"{Noun('clip').count(len(result.clips))}.")
        return await _download_clips(event, result.clips, to)


async def _download_clips(event: Event, found: Sequence[Clip], to: Path | None) -> int:
    if to is None or not found:
        return OK
    report = await fetch(event, Found(found, len(found)), to, FetchOptions())
    print_outcome(report, to)
    return OK if report.complete else FAILED


async def start(event: Event, whom: Path | str) -> ClipJob:
    """Start a search, or continue the one that a ``request_id`` names."""
    if isinstance(whom, str):
        return await _pick_up(event, whom)
    try:
        with waiting("Sending the selfie"):
            job = await event.start_clips(selfie=whom)
    except asyncio.CancelledError:
        # Only Ctrl-C cancels here.
        raise Interrupted(
            "interrupted while the selfie was sent; a new search may be charged again"
        ) from None
    print_note(f"request_id: {job.request_id} (use it with --request-id to continue this search)")
    return job


async def _pick_up(event: Event, request_id: str) -> ClipJob:
    job = event.clip_job(request_id)
    try:
        await job.status()
    except NotFoundError:
        # No such Motion job: the id is a selfie search's, and Motion starts from its matches.
        job = await event.start_clips(request_id=request_id)
    return job


async def watch(job: ClipJob, wait: float) -> ClipResult:
    """Wait for a search to end and show each status.

    Raises:
        Interrupted: the user pressed Ctrl-C; the search continues on the service.
        ClipJobFailedError: the search failed.
        ClipJobTimeoutError: the search had not ended after ``wait`` seconds.
    """
    until = monotonic() + wait
    try:
        with waiting("Motion", at_once=True) as bar:
            async with aclosing(job.updates(timeout=wait)) as updates:
                async for status in updates:
                    bar.update(status.status)
                    if not sys.stderr.isatty():
                        print_note(f"Motion: {status.status}")
            return await job.wait(timeout=max(until - monotonic(), 1.0))
    except asyncio.CancelledError:
        raise Interrupted(
            f"interrupted; the search continues, and --request-id {job.request_id} gets its result"
        ) from None
