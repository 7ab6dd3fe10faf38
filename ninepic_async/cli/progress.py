"""Show progress on stderr: a bar on a terminal, or a line every few seconds in a pipe."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from attrs import define, field
from rich import filesize
from rich.console import RenderableType
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

from ninepic_async.cli.terminal import console, plain, print_note
from ninepic_async.download.report import DownloadProgress

if TYPE_CHECKING:
    from ninepic_async.client import NinePic

SHOW_AFTER_S: Final = 1.0
"""A bar appears after this time. Shorter work has no bar."""
LINE_EVERY_S: Final = 5.0
"""The time between two lines in a pipe."""


@define(eq=False)
class Bar:
    """One line of progress. On a terminal it appears after a second and is erased at the end."""

    _what: str
    _progress: Progress | None
    _is_over: bool = False
    _lock: Lock = field(factory=Lock)
    _latest: tuple[str, int, int | None] = ("", 0, None)
    _host_pace: float | None = None

    def update(
        self, text: str, completed: int = 0, total: int | None = None, host_pace: float | None = None
    ) -> None:
        """Show new progress.

        Args:
            text: the text next to the bar.
            completed: the number of items done.
            total: the number of items in all, if known.
            host_pace: requests a second that the photo host allows, if it throttles.
        """
        self._latest = (plain(text), completed, total)
        self._host_pace = host_pace
        if self._progress is not None:
            task = self._progress.task_ids[0]
            self._progress.update(task, completed=completed, total=total, text=plain(text))

    def begin(self) -> None:
        """Draw the bar, unless the work has ended."""
        with self._lock:
            if self._progress is not None and not self._is_over:
                self._progress.start()

    def write_line(self) -> None:
        """Write the latest progress as a line, unless the work has ended."""
        text, completed, total = self._latest
        count = f"{completed:,} of {total:,}" if total else f"{completed:,}" if completed else ""
        with self._lock, suppress(OSError, ValueError):  # stderr was closed
            if not self._is_over:
                shown = ", ".join(filter(None, [count, text])) or "still waiting"
                print_note("; ".join(filter(None, [f"{self._what}: {shown}", self.throttled()])))

    def throttled(self) -> str:
        """Return which server throttles the command, and at which rate; an empty text if none does."""
        client = _watched() if _watched is not None else None
        if client is not None and (pace := client.throttle.held_to) is not None:
            return f"throttled by the service, at {_rate(pace)}"
        if self._host_pace is not None:
            return f"throttled by the photo host, at {_rate(self._host_pace)}"
        return ""

    def end(self) -> None:
        """Erase the bar, and do not draw it again."""
        with self._lock:
            self._is_over = True
            if self._progress is not None and self._progress.live.is_started:
                self._progress.stop()


_watched: weakref.ref[NinePic] | None = None
"""The client of the running command."""


def watch_throttle(client: NinePic) -> None:
    """Let all bars show when the service throttles this client."""
    global _watched
    _watched = weakref.ref(client)


def _rate(pace: float) -> str:
    number = f"{pace:.0f}" if pace >= 10 else f"{pace:.1f}".removesuffix(".0")
    return f"{number} request{'' if number == '1' else 's'} a second"


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
    progress = _drawn(what, columns) if sys.stderr.isatty() else None
    bar = Bar(what, progress)
    if progress is not None:
        progress.throttled = bar.throttled
    over = Event()
    # A thread draws the bar, because the first update may come late.
    show = _draw_later if sys.stderr.isatty() else _write_lines
    thread = Thread(target=show, args=(bar, over, 0.0 if at_once else SHOW_AFTER_S), daemon=True)
    thread.start()
    try:
        yield bar
    finally:
        over.set()
        bar.end()


class _Drawing(Progress):
    """A bar, and a line under it while the command is throttled."""

    throttled: Callable[[], str] = str

    def get_renderables(self) -> Iterator[RenderableType]:
        yield from super().get_renderables()
        if notice := self.throttled():
            yield Text(notice, style="dim")


def _drawn(what: str, columns: tuple[ProgressColumn, ...]) -> _Drawing:
    description = TextColumn("{task.description}", markup=False)
    progress = _Drawing(
        description, *columns, console=console(sys.stderr), transient=True, redirect_stdout=False
    )
    progress.add_task(what, total=None, text="")
    return progress


def _draw_later(bar: Bar, over: Event, after_s: float) -> None:
    if not over.wait(after_s):
        bar.begin()


def _write_lines(bar: Bar, over: Event, _: float) -> None:
    while not over.wait(LINE_EVERY_S):
        bar.write_line()
