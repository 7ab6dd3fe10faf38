"""How far something is, drawn on stderr; not where nobody watches, nor for what takes under a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer
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

from ninepic_async.cli.escape import plain
from ninepic_async.cli.terminal import console
from ninepic_async.download.report import DownloadProgress

SHOW_AFTER_S: Final = 1.0


@define(eq=False)
class Bar:
    """One line of progress, which appears after a while, and leaves no trace."""

    _progress: Progress | None
    _is_over: bool = False
    _lock: Lock = field(factory=Lock)

    def update(self, text: str, completed: int = 0, total: int | None = None) -> None:
        """Tell how far it is.

        Args:
            text: stands beside the bar.
            completed: how many of them are done.
            total: how many there are, if that is known.
        """
        if self._progress is not None:
            task = self._progress.task_ids[0]
            self._progress.update(task, completed=completed, total=total, text=plain(text))

    def begin(self) -> None:
        """Draw it, unless it is over by now."""
        with self._lock:
            if self._progress is not None and not self._is_over:
                self._progress.start()

    def end(self) -> None:
        """Take it away for good."""
        with self._lock:
            self._is_over = True
            if self._progress is not None and self._progress.live.is_started:
                self._progress.stop()


class _ItemsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.0f}/s")


_TEXT: Final = "{task.fields[text]}"


@contextmanager
def counting(what: str) -> Iterator[Bar]:
    """Show how many items were read, their rate and the time left."""
    with _bar(what, BarColumn(), MofNCompleteColumn(), _ItemsPerSecond(), TimeRemainingColumn()) as bar:
        yield bar


@contextmanager
def fetching() -> Iterator[Bar]:
    """Show how many files were fetched, how fast, and the time left."""
    text = TextColumn(_TEXT, markup=False)
    with _bar("Fetching", BarColumn(), MofNCompleteColumn(), text, TimeRemainingColumn()) as bar:
        yield bar


@contextmanager
def waiting(what: str, *, at_once: bool = False) -> Iterator[Bar]:
    """Show what is waited for, its last word, and for how long."""
    text = TextColumn(_TEXT, markup=False)
    with _bar(what, SpinnerColumn("line"), text, TimeElapsedColumn(), at_once=at_once) as bar:
        yield bar


def fetched(progress: DownloadProgress) -> tuple[str, int]:
    """Give a bulk fetch's progress as text and number."""
    done = progress.done + progress.skipped + progress.failed
    received, rate = filesize.decimal(progress.bytes_done), filesize.decimal(int(progress.bytes_per_s))
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"{received}, {rate}/s{failed}", done


@contextmanager
def _bar(what: str, *columns: ProgressColumn, at_once: bool = False) -> Iterator[Bar]:
    if not sys.stderr.isatty():
        yield Bar(None)
        return
    description = TextColumn("{task.description}", markup=False)
    progress = Progress(
        description, *columns, console=console(sys.stderr), transient=True, redirect_stdout=False
    )
    progress.add_task(what, total=None, text="")
    bar = Bar(progress)
    # By the clock, not with the first news: there may be none for long.
    timer = Timer(0.0 if at_once else SHOW_AFTER_S, bar.begin)
    timer.daemon = True
    timer.start()
    try:
        yield bar
    finally:
        timer.cancel()
        bar.end()
