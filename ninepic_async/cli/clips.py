"""``ninepic clips``: Motion, with its state shown while it is waited for."""

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
from ninepic_async.cli.document import document
from ninepic_async.cli.errors import FAILED, OK, Interrupted, UsageError
from ninepic_async.cli.fetch import Manner, check_folder, fetch, tell_outcome
from ninepic_async.cli.options import (
    ACCOUNT,
    OUTPUT,
    Account,
    EventId,
    Output,
    RequestId,
    SelfieFile,
    Work,
    a_folder,
)
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.sources import Found
from ninepic_async.cli.tables import CLIPS, row_writer
from ninepic_async.cli.terminal import say_json, tell
from ninepic_async.cli.words import Words

_WAIT_S: Final = 600.0
_TO: Final = Parameter(converter=a_folder, help="Fetch the clips into this folder too.")
_WAIT: Final = Parameter(
    validator=Number(gt=0, lte=86_400),
    help="Seconds to wait at most; --request-id picks the search up again.",
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
            say_json(document(result))
        else:
            row_writer(CLIPS, json=False)(result.clips)
        tell(f"{Words('clip').count(len(result.clips))}.")
        return await _fetched(event, result.clips, to)


async def _fetched(event: Event, found: Sequence[Clip], to: Path | None) -> int:
    if to is None or not found:
        return OK
    report = await fetch(event, Found(found, len(found)), to, Manner())
    tell_outcome(report, to)
    return OK if report.complete else FAILED


async def start(event: Event, whom: Path | str) -> ClipJob:
    """Start a search, or pick up the one that a ``request_id`` names."""
    if isinstance(whom, str):
        return await _pick_up(event, whom)
    try:
        with waiting("Sending the selfie"):
            job = await event.start_clips(selfie=whom)
    except asyncio.CancelledError:
        # Only Ctrl-C cancels here, and this is what it would have raised without a loop.
        raise Interrupted(
            "interrupted while the selfie was sent; a new search may be charged again"
        ) from None
    tell(f"request_id: {job.request_id} (--request-id in place of the selfie picks this search up)")
    return job


async def _pick_up(event: Event, request_id: str) -> ClipJob:
    job = event.clip_job(request_id)
    try:
        await job.status()
    except NotFoundError:
        # No such job yet: then it is a selfie search's, whose matches Motion starts from.
        job = await event.start_clips(request_id=request_id)
    return job


async def watch(job: ClipJob, wait: float) -> ClipResult:
    """Wait for a search's end, and show each state it passes through.

    Raises:
        Interrupted: Ctrl-C; the search goes on without us.
        ClipJobFailedError: the service gave up.
        ClipJobTimeoutError: it was still at work after ``wait`` seconds.
    """
    until = monotonic() + wait
    try:
        with waiting("Motion", at_once=True) as bar:
            async with aclosing(job.updates(timeout=wait)) as updates:
                async for status in updates:
                    bar.update(status.status)
                    if not sys.stderr.isatty():
                        tell(f"Motion: {status.status}")
            return await job.wait(timeout=max(until - monotonic(), 1.0))
    except asyncio.CancelledError:
        raise Interrupted(
            f"interrupted; the search goes on, and --request-id {job.request_id} picks it up"
        ) from None
