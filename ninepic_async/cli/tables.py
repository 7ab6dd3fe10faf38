"""Write rows: a table on a terminal, tab-separated values in a pipe, or JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from attrs import Attribute, AttrsInstance, asdict, define, field, frozen

from ninepic_async._support.redact import mask_queries
from ninepic_async.cli.terminal import console, plain, print_json
from ninepic_async.models import Clip, EventListItem, ImageItem, PresignedUrlItem

if TYPE_CHECKING:
    from rich.table import Table

T = TypeVar("T", bound=AttrsInstance)


@frozen
class Column(Generic[T]):
    """One column: its heading, and the function that returns an item's cell."""

    title: str
    cell: Callable[[T], object]
    is_number: bool = False


_NARROWEST: Final = 12
"""The least width of the last column while the others keep theirs."""
_GAP: Final = 2
"""Spaces between columns."""


def _size(photo: ImageItem) -> str:
    return "" if photo.width is None or photo.height is None else f"{photo.width}x{photo.height}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _shown(value: object) -> str:
    return "" if value is None else plain(mask_queries(str(value)))


PHOTOS: Final[Sequence[Column[ImageItem]]] = (
    Column("image_id", lambda photo: photo.image_id),
    Column("size", _size, is_number=True),
    Column("preview", lambda photo: photo.img_url),
)
EVENTS: Final[Sequence[Column[EventListItem]]] = (
    Column("event_id", lambda event: event.event_id, is_number=True),
    Column("date", lambda event: event.event_date and event.event_date.strftime("%Y-%m-%d %H:%M")),
    Column("status", lambda event: event.status),
    Column("name", lambda event: event.event_name),
)
CLIPS: Final[Sequence[Column[Clip]]] = (
    Column("video", lambda clip: clip.video_id),
    Column("from", lambda clip: _seconds(clip.start_time), is_number=True),
    Column("length", lambda clip: _seconds(clip.duration), is_number=True),
    Column("clip", lambda clip: clip.url),
)
ORIGINALS: Final[Sequence[Column[PresignedUrlItem]]] = (Column("file", lambda link: link.filename),)


def row_writer(columns: Sequence[Column[T]], *, json: bool) -> Callable[[Sequence[T]], None]:
    """Return a function that writes items page by page and keeps none of them."""
    if json:
        return _write_json
    if sys.stdout.isatty():
        return _TableWriter(columns).write
    return lambda items: write_tabs([[_shown(column.cell(item)) for column in columns] for item in items])


def show_facts(facts: Mapping[str, object]) -> None:
    """Write names and values, one pair a line."""
    rows = [[plain(name), _shown(value)] for name, value in facts.items()]
    if not sys.stdout.isatty():
        write_tabs(rows)
        return
    table = new_table()
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    add_rows(table, rows)
    console(sys.stdout).print(table)


def new_table(*, show_header: bool = False) -> Table:
    """Make an empty table without borders."""
    from rich.table import Table

    return Table(box=None, pad_edge=False, show_header=show_header, header_style="bold")


def add_rows(table: Table, rows: Sequence[Sequence[str]]) -> None:
    """Add rows of literal text."""
    from rich.text import Text

    for row in rows:
        table.add_row(*map(Text, row))


def _write_json(items: Sequence[T]) -> None:
    for item in items:
        print_json(document(item))


def write_tabs(rows: Sequence[Sequence[str]]) -> None:
    """Write rows as tab-separated values. No cell contains a tab."""
    sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
    sys.stdout.flush()


@define(eq=False)
class _TableWriter(Generic[T]):
    """A table written page by page. The first page sets the columns' widths, so no rows are kept."""

    columns: Sequence[Column[T]]
    _widths: list[int] | None = field(init=False, default=None)

    def write(self, items: Sequence[T]) -> None:
        from rich.cells import cell_len

        if not items:
            return
        rows = [[_shown(column.cell(item)) for column in self.columns] for item in items]
        is_first = self._widths is None
        if self._widths is None:
            titles = [column.title for column in self.columns]
            self._widths = [max(map(cell_len, cells)) for cells in zip(titles, *rows, strict=True)]
        screen = console(sys.stdout)
        table = new_table(show_header=is_first)
        for column, width, keeps in zip(
            self.columns, self._widths, _kept(self._widths, screen.width), strict=True
        ):
            table.add_column(
                column.title,
                min_width=width if keeps else None,
                no_wrap=keeps,
                overflow="fold",
                justify="right" if column.is_number else "left",
            )
        add_rows(table, rows)
        screen.print(table)


def _kept(widths: Sequence[int], room: int) -> list[bool]:
    """Tell which columns keep their width: all but the last, which is folded if it is too wide.

    On a very narrow screen none keeps it: folded text is better than text cut off.
    """
    *before, last = widths
    fits = sum(width + _GAP for width in before) + min(last, _NARROWEST) <= room
    return [fits] * len(before) + [False]


def document(model: AttrsInstance) -> dict[str, object]:
    """Return a model's fields; ``extra`` only if the service sent keys that the SDK does not know."""
    return asdict(model, filter=_has_content, value_serializer=_as_json)


def _has_content(attribute: Attribute[object], value: object) -> bool:
    return attribute.name != "extra" or bool(value)


def _as_json(owner: object, attribute: object, value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
