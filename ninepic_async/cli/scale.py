"""``ninepic scale``: download whole events on Dask workers, to a folder or an object store."""

from __future__ import annotations

import asyncio
import csv
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number
from rich import filesize

from ninepic_async import DownloadProgress, Event, NinePic, RateLimit
from ninepic_async._support.text import count_text
from ninepic_async.cli.errors import FAILED, OK, Interrupted, UsageError, need_extra
from ninepic_async.cli.options import ACCOUNT, HOW, OUTPUT, Account, Flag, Output, Work, find_event
from ninepic_async.cli.progress import fetched, fetching
from ninepic_async.cli.selection import Rendition
from ninepic_async.cli.terminal import print_failures, print_json, print_note

if TYPE_CHECKING:
    from ninepic_async.scale import ScaleReport

_PACKAGES: Final = ("distributed", "obstore")
_LONGEST_START_LIST_BYTES: Final = 64 * 1024 * 1024
_BIB_HEADINGS: Final = frozenset({"bib", "bibs", "bib number", "bib no", "race number", "start number"})
_EVENTS: Final = Parameter(name="EVENT_ID", help="Numbers, slugs or names of events.")
_TO: Final = Parameter(
    help="A folder that all workers share, or a URL such as s3://bucket/456/ (file, s3, gs, az). "
    "With several events, each is stored in a folder named by its number."
)


@Parameter(name="*", group=HOW)
@frozen(kw_only=True)
class WorkerOptions:
    """The options for the workers, and for what they download."""

    dask: str | None = None
    """The address of a Dask scheduler, such as tcp://10.0.0.7:8786. Default: workers on this machine."""

    workers: Annotated[int | None, Parameter(validator=Number(gte=1))] = None
    """Worker processes on this machine. Default: one for each core."""

    rate: Annotated[float | None, Parameter(validator=Number(gt=0))] = None
    """API requests a second for all workers together. Default: the rate that the service accepts."""

    rendition: Rendition = "large"
    """The watermarked preview (large), the thumbnail, or the original."""

    shard: Annotated[int, Parameter(validator=Number(gte=1))] = 1000
    """The number of photos in a task."""

    bibs: Path | None = None
    """A start list: one BIB a line, or CSV with a column bib. The manifest then lists the BIBs that find
    each photo. This takes one API request for each BIB."""

    format: Literal["files", "webdataset"] = "files"
    """One file for each photo (files), or one tar file for each shard, for the webdataset library."""

    all_events: Flag = False
    """Download all events of the organisation."""

    def check(self, event_ids: tuple[str, ...]) -> None:
        """Check that the options can be used together.

        Raises:
            UsageError: they can't.
        """
        if bool(event_ids) == self.all_events:
            raise UsageError("give events, or --all-events")
        if self.dask is not None and self.workers is not None:
            raise UsageError("give either --dask or --workers: a scheduler has its own workers")
        if self.bibs is not None and (self.all_events or len(event_ids) > 1):
            raise UsageError("--bibs is the start list of one event: give only one event")


_WORKERS = WorkerOptions()


def scale(
    *event_ids: Annotated[str, _EVENTS],
    to: Annotated[str, _TO],
    options: WorkerOptions = _WORKERS,
    account: Account = ACCOUNT,
    output: Output = OUTPUT,
) -> Work:
    """Download whole events on Dask workers. Run it again to continue after any interruption."""
    options.check(event_ids)
    if not to.strip():
        raise UsageError("--to is empty: give a folder or a URL")
    need_extra("scale", _PACKAGES)
    start_list = None if options.bibs is None else read_start_list(options.bibs)
    return _scale(account.client(), event_ids, to, options, start_list, output)


async def _scale(
    client: NinePic,
    event_ids: tuple[str, ...],
    to: str,
    options: WorkerOptions,
    start_list: list[str] | None,
    output: Output,
) -> int:
    is_complete = True
    async with client, _workers(options) as dask:
        events = [await find_event(client, each) for each in event_ids] or await _all_events(client)
        for event in events:
            place = to if len(event_ids) == 1 else f"{to.rstrip('/')}/{event.event_id}"
            report = await _download(event, place, dask, options, start_list)
            _print_outcome(event, place, report, output)
            is_complete = is_complete and not (report.failed or report.failed_shards)
    return OK if is_complete else FAILED


async def _all_events(client: NinePic) -> list[Event]:
    return [client.event(item.event_id) async for item in client.events()]


@asynccontextmanager
async def _workers(options: WorkerOptions) -> AsyncIterator[Any]:
    """Start workers and yield their Dask client. Without ``--workers``, yield the value of ``--dask``."""
    if options.workers is None:
        yield options.dask
        return
    from distributed import Client, LocalCluster

    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(
            LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=options.workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",
                asynchronous=True,
                host="127.0.0.1",
                silence_logs=logging.ERROR,
            )
        )
        yield await stack.enter_async_context(
            Client(cluster, asynchronous=True)  # type: ignore[no-untyped-call]
        )


async def _download(
    event: Event, to: str, dask: Any, options: WorkerOptions, start_list: list[str] | None
) -> ScaleReport:
    from ninepic_async.scale import download

    with fetching() as bar:

        def show(progress: DownloadProgress) -> None:
            text, done = fetched(progress)
            bar.update(text, done, progress.known or None)

        try:
            return await download(
                event,
                to,
                dask=dask,
                shard=options.shard,
                rendition=options.rendition,
                rate_limit=None if options.rate is None else RateLimit(options.rate),
                bibs=start_list,
                format=options.format,
                on_progress=show,
            )
        except asyncio.CancelledError:
            # Only Ctrl-C cancels this task.
            raise Interrupted(
                f"interrupted; finished photos are in {to}; run the same command to continue"
            ) from None


def _print_outcome(event: Event, to: str, report: ScaleReport, output: Output) -> None:
    print_failures((row.name, row.error) for row in report.failed)
    print_failures((f"shard {shard.shard}", shard.error) for shard in report.failed_shards)
    if output.json:
        print_json({"event_id": event.event_id, "to": to, **report.to_dict()})
    size = f" ({filesize.decimal(report.bytes)})" if report.done else ""
    there = f", {report.skipped:,} already there" if report.skipped else ""
    stored = f"{count_text(report.done, 'photo')} stored{size}{there}"
    print_note(f"Event {event.event_id}: {stored}, in {to}.")
    if report.failed or report.failed_shards:
        shards = f" and {count_text(len(report.failed_shards), 'shard')}" if report.failed_shards else ""
        print_note(f"{len(report.failed):,}{shards} missing. Run the same command to try again.")


def read_start_list(path: Path) -> list[str]:
    """Return the BIBs of a start list.

    Args:
        path: a text file in UTF-8: one BIB a line, or CSV whose first line names a column ``bib``.

    Raises:
        UsageError: the file can't be read, or has no BIBs.
    """
    try:
        if path.stat().st_size > _LONGEST_START_LIST_BYTES:
            raise UsageError(f"--bibs {path}: the file is larger than 64 MiB: give a smaller start list")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--bibs {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--bibs {path}: the file is not UTF-8 text: save it as UTF-8") from error
    try:
        found = [bib.strip() for bib in _bibs(text.splitlines(), path) if bib.strip()]
    except csv.Error as error:
        raise UsageError(
            f"--bibs {path}: the file is not valid CSV ({error}): correct it, or give one BIB a line"
        ) from error
    if not found:
        raise UsageError(f"--bibs {path}: the file has no BIBs: give one BIB a line")
    return found


def _bibs(lines: list[str], path: Path) -> Iterator[str]:
    if not lines:
        return
    separator = max(",;\t", key=lines[0].count)
    rows = csv.reader(lines, delimiter=separator)
    first = next(rows)
    names = [name.strip().casefold().replace("_", " ") for name in first]
    column = next((column for column, name in enumerate(names) if name in _BIB_HEADINGS), None)
    if column is None and len(first) > 1:
        raise UsageError(
            f"--bibs {path}: the first line has no column bib: add this name, or give one BIB a line"
        )
    if column is None:
        yield first[0] if first else ""
    for row in rows:
        if len(row) > (column or 0):
            yield row[column or 0]
