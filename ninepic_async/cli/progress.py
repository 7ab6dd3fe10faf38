"""How far something is, drawn on stderr; not where nobody watches, nor for what takes under a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from attrs import define, field
from rich import filesize
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ninepic_async.cli.plain import plain
from ninepic_async.cli.terminal import console
from ninepic_async.download.records import DownloadProgress

SHOW_AFTER_S: Final = 1.0


@define(eq=False)
class Bar:
    """One line of progress. It appears with the first change after a while."""

    _progress: Progress | None
    _after_s: float = SHOW_AFTER_S
    _started_s: float = field(factory=time.monotonic)

    def update(self, text: str, completed: int = 0, total: int | None = None) -> None:
        """Tell how far it is.

        Args:
            text: stands beside the bar.
            completed: how many of them are done.
            total: how many there are, if that is known.
        """
        progress = self._progress
        if progress is None:
            return
        progress.update(progress.task_ids[0], completed=completed, total=total, text=plain(text))
        if not progress.live.is_started and time.monotonic() - self._started_s >= self._after_s:
            progress.start()


class _ItemsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.0f}/s")


_TEXT: Final = "{task.fields[text]}"


@contextmanager
def counting(what: str, *, shown: bool = True) -> Iterator[Bar]:
    """Show how many items were read, their rate and the time left."""
    with _bar(
        what, BarColumn(), MofNCompleteColumn(), _ItemsPerSecond(), TimeRemainingColumn(), shown=shown
    ) as bar:
        yield bar


@contextmanager
def fetching() -> Iterator[Bar]:
    """Show how many files were fetched, how fast, and the time left."""
    text = TextColumn(_TEXT, markup=False)
    with _bar("Fetching", BarColumn(), MofNCompleteColumn(), text, TimeRemainingColumn()) as bar:
        yield bar


@contextmanager
def waiting(what: str) -> Iterator[Bar]:
    """Show what is waited for, its last word, and for how long."""
    text = TextColumn(_TEXT, markup=False)
    with _bar(what, SpinnerColumn("line"), text, TimeElapsedColumn(), after_s=0.0) as bar:
        yield bar


def fetched(progress: DownloadProgress) -> tuple[str, int]:
    """Give a bulk fetch's progress as text and number."""
    done = progress.done + progress.skipped + progress.failed
    received, rate = filesize.decimal(progress.bytes_done), filesize.decimal(int(progress.bytes_per_s))
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"{received}, {rate}/s{failed}", done


@contextmanager
def _bar(
    what: str, *columns: ProgressColumn, shown: bool = True, after_s: float = SHOW_AFTER_S
) -> Iterator[Bar]:
    if not (shown and sys.stderr.isatty()):
        yield Bar(None)
        return
    description = TextColumn("{task.description}", markup=False)
    progress = Progress(
        description, *columns, console=console(sys.stderr), transient=True, redirect_stdout=False
    )
    progress.add_task(what, text="")
    try:
        yield Bar(progress, after_s)
    finally:
        progress.stop()
