"""Fetching files with a progress bar, an outcome, and a word on how to go on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Literal

from attrs import frozen
from rich import filesize

from ninepic_async import DownloadProgress, DownloadReport, Event
from ninepic_async.cli.failure import Interrupted
from ninepic_async.cli.progress import Bar, fetched, fetching
from ninepic_async.cli.sources import Found
from ninepic_async.cli.terminal import complain, tell

Concurrency = int | Literal["auto"]
MAX_BYTES: Final = 1024**3
_FAILURES_SHOWN: Final = 5


@frozen(kw_only=True)
class Manner:
    """How files are fetched."""

    rendition: Literal["large", "thumbnail"] = "large"
    concurrency: Concurrency = 16
    max_bytes: int = MAX_BYTES


async def fetch(event: Event, found: Found, to: Path, manner: Manner) -> DownloadReport:
    """Fetch files into a folder, and show how far it is.

    Raises:
        Interrupted: Ctrl-C; it says how to go on.
        DownloadError: the folder can't be written to.
        NinePicError: what listing the source raises.
    """
    last = DownloadProgress()
    with fetching() as bar:

        def show(progress: DownloadProgress) -> None:
            nonlocal last
            last = progress
            _update(bar, progress, found.total)

        try:
            return await event.download(
                found.source,
                to,
                rendition=manner.rendition,
                concurrency=manner.concurrency,
                max_bytes=manner.max_bytes,
                on_progress=show,
            )
        except asyncio.CancelledError:
            # Only Ctrl-C cancels here, and this is what it would have raised without a loop.
            raise Interrupted(_how_to_go_on(last, found, to)) from None


def tell_outcome(report: DownloadReport, to: Path) -> None:
    """Say what came of it, and what is missing."""
    for row in report.failed[:_FAILURES_SHOWN]:
        complain(f"{row.name}: {row.error}")
    if len(report.failed) > _FAILURES_SHOWN:
        complain(f"and {len(report.failed) - _FAILURES_SHOWN:,} more")
    there = f", {report.skipped:,} were there already" if report.skipped else ""
    tell(f"{report.done:,} files fetched ({filesize.decimal(report.bytes)}){there}; they are in {to}")
    if report.failed:
        tell(f"{len(report.failed):,} are missing. The same command tries them again.")


def _update(bar: Bar, progress: DownloadProgress, total: int | None) -> None:
    text, done = fetched(progress)
    bar.update(text, done, None if total is None else max(total, progress.known))


def _how_to_go_on(last: DownloadProgress, found: Found, to: Path) -> str:
    how = "the same command goes on"
    if found.request_id is not None:
        how += f", with --request-id {found.request_id} in place of the selfie"
    return f"interrupted; {last.done + last.skipped:,} files are in {to}; {how}"
