"""Write rows: a table on a terminal, tab-separated values in a pipe, CSV, or JSON lines."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from attrs import define, field, frozen

from ninepic_async._records import JSONReady
from ninepic_async._support.redact import mask_queries
from ninepic_async._support.text import shortened
from ninepic_async.cli.options import Format
from ninepic_async.cli.terminal import console, has_links, plain, print_json
from ninepic_async.models import Clip, EventListItem, ImageItem, PresignedUrlItem

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

T = TypeVar("T", bound=JSONReady)
T_contra = TypeVar("T_contra", bound=JSONReady, contravariant=True)


@frozen
class Column(Generic[T]):
    """One column of a table: its heading, and the function that returns an item's cell."""

    title: str
    cell: Callable[[T], object]
    is_number: bool = False
    is_url: bool = False
    """Whether the cell is a URL. A terminal with links shows the URL's host as a link."""


class RowWriter(Protocol[T_contra]):
    """Writes items page by page, and keeps no items."""

    def write(self, items: Sequence[T_contra], /) -> None:
        """Write the items of one page."""


_NARROWEST: Final = 12
"""The smallest width of the last column. If there is less space, all columns get narrower."""
_GAP: Final = 2
"""Spaces between columns."""
_LONGEST_CELL: Final = 500
"""The largest number of characters in a cell of a table. The other formats have the whole text."""
_ONE_LINE_FROM: Final = 80
"""On a terminal of at least this width, a row is one line, and long text is cut. Otherwise it is folded."""


def _size(photo: ImageItem) -> str:
    return "" if photo.width is None or photo.height is None else f"{photo.width}x{photo.height}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _shown(value: object) -> str:
    return "" if value is None else plain(mask_queries(str(value)))


PHOTOS: Final[Sequence[Column[ImageItem]]] = (
    Column("image_id", lambda photo: photo.image_id),
    Column("size", _size, is_number=True),
    Column("preview", lambda photo: photo.img_url, is_url=True),
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
    Column("clip", lambda clip: clip.url, is_url=True),
)
ORIGINALS: Final[Sequence[Column[PresignedUrlItem]]] = (Column("file", lambda link: link.filename),)


def row_writer(columns: Sequence[Column[T]], form: Format) -> RowWriter[T]:
    """Return a writer of items in a format."""
    if form == "json":
        return _JSONWriter()
    if form == "table":
        return _TableWriter(columns)
    return _ValuesWriter(columns, form)


def write_facts(facts: Mapping[str, object], form: Format) -> None:
    """Write names and values: one pair a line. CSV has a line of names and a line of values."""
    rows = [[plain(name), _shown(value)] for name, value in facts.items()]
    if form == "csv":
        write_values([list(cells) for cells in zip(*rows, strict=True)], form)
        return
    if form != "table":
        write_values(rows, form)
        return
    table = new_table()
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    add_rows(table, rows)
    console(sys.stdout).print(table)


def new_table(*, show_header: bool = False) -> Table:
    """Create an empty table without borders."""
    from rich.table import Table

    return Table(box=None, pad_edge=False, show_header=show_header, header_style="bold")


def add_rows(table: Table, rows: Sequence[Sequence[str]]) -> None:
    """Add rows of literal text."""
    from rich.text import Text

    for row in rows:
        table.add_row(*map(Text, row))


def write_values(rows: Sequence[Sequence[str]], form: Format) -> None:
    """Write rows as CSV or as tab-separated values. No cell may contain a tab."""
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    else:
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
    sys.stdout.flush()


def document(model: JSONReady) -> dict[str, object]:
    """Return a model's JSON form; ``extra`` only if the service sent keys that the SDK does not know."""
    return _without_empty_extra(model.to_dict())


def _without_empty_extra(members: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value if name == "extra" else _cleaned(value)
        for name, value in members.items()
        if name != "extra" or value
    }


def _cleaned(value: object) -> object:
    if isinstance(value, dict):
        return _without_empty_extra(value)
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


class _JSONWriter:
    """Writes one line of JSON for each item."""

    def write(self, items: Sequence[JSONReady], /) -> None:
        for item in items:
            print_json(document(item))


@define(eq=False)
class _ValuesWriter(Generic[T]):
    """Writes tab-separated values, or CSV with a line of headings."""

    columns: Sequence[Column[T]]
    form: Format
    _is_begun: bool = field(init=False, default=False)

    def write(self, items: Sequence[T], /) -> None:
        rows = [[_shown(column.cell(item)) for column in self.columns] for item in items]
        if self.form == "csv" and not self._is_begun:
            rows.insert(0, [column.title for column in self.columns])
        self._is_begun = True
        write_values(rows, self.form)


@define(eq=False)
class _TableWriter(Generic[T]):
    """Writes a table page by page. The first page sets the columns' widths, so no rows are kept."""

    columns: Sequence[Column[T]]
    _widths: list[int] | None = field(init=False, default=None)

    def write(self, items: Sequence[T], /) -> None:
        if not items:
            return
        rows = [[_cell(column, item) for column in self.columns] for item in items]
        is_first = self._widths is None
        if self._widths is None:
            titles = [len(column.title) for column in self.columns]
            columns = zip(*([cell.cell_len for cell in row] for row in rows), strict=True)
            self._widths = [max(title, *cells) for title, cells in zip(titles, columns, strict=True)]
        screen = console(sys.stdout)
        table = self._new_table(self._widths, screen.width, show_header=is_first)
        for row in rows:
            table.add_row(*row)
        screen.print(table)

    def _new_table(self, widths: Sequence[int], room: int, *, show_header: bool) -> Table:
        # All columns except the last keep their width. The last one is cut, or folded on a narrow screen. On
        # a very narrow screen all columns are folded, because folded text is better than missing text.
        table = new_table(show_header=show_header)
        left = room - sum(width + _GAP for width in widths[:-1])
        fits = min(widths[-1], _NARROWEST) <= left
        is_cut = fits and room >= _ONE_LINE_FROM
        for place, (column, width) in enumerate(zip(self.columns, widths, strict=True), 1):
            is_last = place == len(widths)
            table.add_column(
                column.title,
                min_width=width if fits and not is_last else None,
                max_width=left if is_cut and is_last else None,
                no_wrap=is_cut or (fits and not is_last),
                overflow="ellipsis" if is_cut else "fold",
                justify="right" if column.is_number else "left",
            )
        return table


def _cell(column: Column[T], item: T) -> Text:
    from rich.style import Style
    from rich.text import Text

    text = shortened(_shown(column.cell(item)), _LONGEST_CELL)
    if column.is_url and has_links(sys.stdout) and (host := _linked_host(text)):
        return Text(host, style=Style(link=text))
    return Text(text)


def _linked_host(url: str) -> str | None:
    """Return the host of a URL that may be shown as a link: http or https, no query, plain ASCII."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_open = parts.scheme in ("https", "http") and "?" not in url and url.isascii() and " " not in url
    return parts.netloc.rpartition("@")[2] if is_open and "\\" not in url else None
