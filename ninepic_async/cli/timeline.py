"""``ninepic timeline``: a chart of when the photos were taken, and the photos of one hour."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import NinePic, TimelineDay
from ninepic_async.cli.errors import UsageError
from ninepic_async.cli.lists import write_list
from ninepic_async.cli.options import ACCOUNT, ROWS, Account, EventId, Format, RowOutput, Work, find_event
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.tables import PHOTOS, add_rows, document, new_table, write_values
from ninepic_async.cli.terminal import Noun, console, print_json, print_note
from ninepic_async.cli.times import date_option

_LAST_HOUR: Final = 23
_HOUR: Final = Parameter(
    validator=Number(gte=0, lte=_LAST_HOUR), help="List the photos of this hour (0 to 23, UTC) of --day."
)
_DAY: Final = Parameter(converter=date_option, help="Only this day (UTC): 2026-01-19, today, yesterday.")
_LONGEST_BAR: Final = 60
_OTHER_COLUMNS: Final = 30
"""The width of date, hour and count in a line."""


def timeline(
    event_id: EventId,
    /,
    *,
    day: Annotated[date | None, _DAY] = None,
    hour: Annotated[int | None, _HOUR] = None,
    account: Account = ACCOUNT,
    output: RowOutput = ROWS,
) -> Work:
    """Draw how many photos were taken in each hour (UTC). Photos without a time are not counted."""
    if hour is not None and day is None:
        raise UsageError("--hour needs a day: --day 2026-01-19")
    client = account.client()
    if day is not None and hour is not None:
        return _hour(client, event_id, datetime.combine(day, time(hour), UTC), output)
    return _days(client, event_id, day, output)


async def _hour(client: NinePic, event_id: str, start: datetime, output: RowOutput) -> None:
    async with client:
        pages = (
            (await find_event(client, event_id)).timeline_photos(start, start + timedelta(hours=1)).pages()
        )
        await write_list(pages, PHOTOS, Noun("photo", f"from {start:%Y-%m-%d %H:%M} UTC on"), output)


async def _days(client: NinePic, event_id: str, only: date | None, output: RowOutput) -> None:
    with waiting("Asking"):
        async with client:
            days = await (await find_event(client, event_id)).timeline_days()
    if only is not None:
        days = [day for day in days if day.date == only]
    if output.form == "json":
        print_json({"days": [document(day) for day in days]})
    else:
        write_days(days, output.form)
    print_note(f"{Noun('photo', 'with a capture time').count(sum(day.total for day in days))}.")


def write_days(days: Sequence[TimelineDay], form: Format) -> None:
    """Draw the hours of each day, or write day, hour and count."""
    if form == "table":
        draw(days)
        return
    headings = [["day", "hour", "photos"]] if form == "csv" else []
    write_values(headings + [[day, hour, str(count)] for day, hour, count in _rows(days)], form)


def _rows(days: Sequence[TimelineDay]) -> list[tuple[str, str, int]]:
    return [(f"{day.date}", f"{hour.hour:02}:00", hour.count) for day in days for hour in day.hours]


def draw(days: Sequence[TimelineDay]) -> None:
    """Draw a bar for each hour."""
    rows = _rows(days)
    screen = console(sys.stdout)
    block = "#" if screen.options.ascii_only else "█"
    longest = max(1, min(_LONGEST_BAR, screen.width - _OTHER_COLUMNS))
    largest = max((count for *_, count in rows), default=0) or 1
    table = new_table()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    days_named = [day.date.isoformat() if hour is day.hours[0] else "" for day in days for hour in day.hours]
    add_rows(
        table,
        [
            [named, hour, block * -(-count * longest // largest), f"{count:,}"]
            for named, (_, hour, count) in zip(days_named, rows, strict=True)
        ],
    )
    screen.print(table)
