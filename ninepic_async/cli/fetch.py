"""Fetching files with a progress bar, an outcome, and a word on how to go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Final, Literal

from attrs import define, field, frozen
from rich import filesize

from ninepic_async import DownloadProgress, DownloadReport, Event
from ninepic_async.cli.errors import Interrupted, UsageError
from ninepic_async.cli.progress import Bar, fetched, fetching
from ninepic_async.cli.sources import Found
from ninepic_async.cli.terminal import complain, tell
from ninepic_async.cli.words import Words

Concurrency = int | Literal["auto"]
MAX_BYTES: Final = 1024**3
_FAILURES_SHOWN: Final = 5


@frozen(kw_only=True)
class Manner:
    """How files are fetched."""

    rendition: Literal["large", "thumbnail"] = "large"
    concurrency: Concurrency = 16
    max_bytes: int = MAX_BYTES


def check_folder(to: Path | None) -> None:
    """Check a folder before a search for what goes into it is paid for.

    Raises:
        UsageError: it is none.
    """
    if to is not None and to.exists() and not to.is_dir():
        raise UsageError(f"{to} is no folder: files are fetched into one")


async def fetch(event: Event, found: Found, to: Path, manner: Manner) -> DownloadReport:
    """Fetch files into a folder, and show how far it is.

    Raises:
        Interrupted: Ctrl-C; it says how to go on.
        DownloadError: the folder can't be written to.
        NinePicError: what listing the source raises.
    """
    async with AsyncExitStack() as stack:
        if isinstance(found.source, AsyncGenerator):
            await stack.enter_async_context(aclosing(found.source))
        watcher = _Watcher(stack.enter_context(fetching()), found.total)
        try:
            return await event.download(
                found.source,
                to,
                rendition=manner.rendition,
                concurrency=manner.concurrency,
                max_bytes=manner.max_bytes,
                on_progress=watcher.show,
            )
        except asyncio.CancelledError:
            # Only Ctrl-C cancels here, and this is what it would have raised without a loop.
            raise Interrupted(_how_to_go_on(watcher.last, found, to)) from None


@define(eq=False)
class _Watcher:
    """Draws the progress, and keeps the last of it."""

    bar: Bar
    total: int | None
    last: DownloadProgress = field(factory=DownloadProgress)

    def show(self, progress: DownloadProgress) -> None:
        self.last = progress
        text, done = fetched(progress)
        self.bar.update(text, done, None if self.total is None else max(self.total, progress.known))


def tell_outcome(report: DownloadReport, to: Path) -> None:
    """Say what came of it, and what is missing."""
    for row in report.failed[:_FAILURES_SHOWN]:
        complain(f"{row.name}: {row.error}")
    if len(report.failed) > _FAILURES_SHOWN:
        complain(f"and {len(report.failed) - _FAILURES_SHOWN:,} more")
    if not (report.done or report.skipped or report.failed):
        tell("There are no such photos.")
        return
    if report.done or report.skipped:
        fetched = Words("file", "fetched").count(report.done)
        size = f" ({filesize.decimal(report.bytes)})" if report.done else ""
        there = f", {report.skipped:,} there already" if report.skipped else ""
        tell(f"{fetched}{size}{there}; they are in {to}.")
    if report.failed:
        tell(f"{len(report.failed):,} missing. The same command tries again.")


def _how_to_go_on(last: DownloadProgress, found: Found, to: Path) -> str:
    how = "the same command goes on"
    if found.request_id is not None:
        how += f", with --request-id {found.request_id} in place of the selfie"
    return f"interrupted; {last.done + last.skipped:,} files are in {to}; {how}"
