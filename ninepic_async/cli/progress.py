"""Progress bars on stderr: on terminals only, and only for work that takes over a second."""

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

from ninepic_async.cli.terminal import console, plain
from ninepic_async.download.report import DownloadProgress

SHOW_AFTER_S: Final = 1.0


@define(eq=False)
class Bar:
    """One line of progress. It appears after a second and is erased at the end."""

    _progress: Progress | None
    _is_over: bool = False
    _lock: Lock = field(factory=Lock)

    def update(self, text: str, completed: int = 0, total: int | None = None) -> None:
        """Show new progress.

        Args:
            text: the text beside the bar.
            completed: the number of items done.
            total: the number of items in all, if known.
        """
        if self._progress is not None:
            task = self._progress.task_ids[0]
            self._progress.update(task, completed=completed, total=total, text=plain(text))

    def begin(self) -> None:
        """Draw the bar, unless the work is over by now."""
        with self._lock:
            if self._progress is not None and not self._is_over:
                self._progress.start()

    def end(self) -> None:
        """Erase the bar for good."""
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
    """Show how many items were read, the rate and the time left."""
    with _bar(what, BarColumn(), MofNCompleteColumn(), _ItemsPerSecond(), TimeRemainingColumn()) as bar:
        yield bar


@contextmanager
def fetching() -> Iterator[Bar]:
    """Show how many files were fetched, the speed and the time left."""
    text = TextColumn(_TEXT, markup=False)
    with _bar("Fetching", BarColumn(), MofNCompleteColumn(), text, TimeRemainingColumn()) as bar:
        yield bar


@contextmanager
def waiting(what: str, *, at_once: bool = False) -> Iterator[Bar]:
    """Show what the command waits for, its latest status and the elapsed time."""
    text = TextColumn(_TEXT, markup=False)
    with _bar(what, SpinnerColumn("line"), text, TimeElapsedColumn(), at_once=at_once) as bar:
        yield bar


def fetched(progress: DownloadProgress) -> tuple[str, int]:
    """Return a download's progress as text and as the number of files finished."""
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
    # A timer, not the first update: that may be long in coming.
    timer = Timer(0.0 if at_once else SHOW_AFTER_S, bar.begin)
    timer.daemon = True
    timer.start()
    try:
        yield bar
    finally:
        timer.cancel()
        bar.end()
