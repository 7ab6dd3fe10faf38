"""``ninepic clips``: find video clips (Motion) and show the status while waiting."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import Clip, ClipJob, ClipResult, Event, NinePic, NotFoundError
from ninepic_async.cli.errors import FAILED, OK, Interrupted
from ninepic_async.cli.fetch import FetchOptions, check_folder, fetch, print_outcome
from ninepic_async.cli.options import (
    ACCOUNT,
    ROWS,
    Account,
    EventId,
    RequestId,
    RowOutput,
    SelfieFile,
    Work,
    find_event,
    folder_path,
)
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.selection import Found, check_selfie_or_request_id, read_selfie
from ninepic_async.cli.tables import CLIPS, document, row_writer
from ninepic_async.cli.terminal import Noun, print_json, print_note

_WAIT_S: Final = 600.0
_TO: Final = Parameter(
    converter=folder_path, allow_leading_hyphen=True, help="Also fetch the clips into this folder."
)
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
    output: RowOutput = ROWS,
) -> Work:
    """Find a person's video clips (Motion), and wait for them."""
    check_selfie_or_request_id(selfie, request_id)
    check_folder(to)
    client = account.client()
    selfie_or_id = str(request_id) if selfie is None else read_selfie(selfie)
    return _clips(client, event_id, selfie_or_id, wait, to, output)


async def _clips(
    client: NinePic,
    event_id: str,
    selfie_or_id: Path | bytes | str,
    wait: float,
    to: Path | None,
    output: RowOutput,
) -> int:
    async with client:
        event = await find_event(client, event_id)
        result = await _result(event, selfie_or_id, wait)
        if output.form == "json":
            print_json(document(result))
        else:
            row_writer(CLIPS, output.form).write(result.clips)
        print_note(f"{Noun('clip').count(len(result.clips))}.")
        return await _download_clips(event, result.clips, to)


async def _download_clips(event: Event, found: Sequence[Clip], to: Path | None) -> int:
    if to is None or not found:
        return OK
    report = await fetch(event, Found(found, len(found)), to, FetchOptions())
    print_outcome(report, to)
    return OK if report.complete else FAILED


async def _result(event: Event, selfie_or_id: Path | bytes | str, wait: float) -> ClipResult:
    if not isinstance(selfie_or_id, str):
        return await watch(await start(event, selfie_or_id), wait)
    try:
        return await watch(event.clip_job(selfie_or_id), wait)
    except NotFoundError:
        # There is no such Motion job, so the id is that of a selfie search. Start Motion with its matches.
        return await watch(await event.start_clips(search=selfie_or_id), wait)


async def start(event: Event, selfie: Path | bytes) -> ClipJob:
    """Upload a selfie and print the ``request_id`` as soon as it is known.

    Raises:
        Interrupted: the user pressed Ctrl-C during the upload.
        NinePicError: the search failed.
    """
    try:
        with waiting("Sending the selfie"):
            job = await event.start_clips(selfie=selfie)
    except asyncio.CancelledError:
        # Only Ctrl-C cancels this task.
        raise Interrupted(
            "interrupted while the selfie was sent; a new search may be charged again"
        ) from None
    print_note(f"request_id: {job.request_id} (continue with --request-id)")
    return job


async def watch(job: ClipJob, wait: float) -> ClipResult:
    """Wait until a search has ended, and show each status.

    Raises:
        Interrupted: the user pressed Ctrl-C. The search continues on the service.
        ClipJobFailedError: the search failed.
        ClipJobTimeoutError: the search did not end within ``wait`` seconds.
    """
    try:
        with waiting("Motion", at_once=True) as bar:
            async with aclosing(job.updates(timeout=wait)) as updates:
                async for status in updates:
                    bar.update(status.status)
                    if not sys.stderr.isatty():
                        print_note(f"Motion: {status.status}")
                    if status.is_final:
                        return status.result()
    except asyncio.CancelledError:
        raise Interrupted(
            f"interrupted; the search continues, and --request-id {job.request_id} gets its result"
        ) from None
    raise AssertionError("updates() ends with a final status or an error")
