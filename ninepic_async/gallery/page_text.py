"""Text for the page: names without control characters, links, sizes and dates."""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import Final
from urllib.parse import quote

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
# Control characters, and marks that make a name look like another one.
_NOT_SHOWN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def href(name: str) -> str:
    """Return the relative URL of a file in the folder of the page."""
    return quote(os.fsencode(name), safe="")


def shown(text: str) -> str:
    """Replace characters that can't or must not be shown."""
    return _NOT_SHOWN.sub("\ufffd", text)


def size_text(size: int) -> str:
    """Return a number of bytes as text, such as ``"4.1 MB"``."""
    number, unit = float(size), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{number:.1f} {unit}" if number < 9.95 and unit not in ("bytes", "KB") else f"{number:.0f} {unit}"


def day_text(day: datetime) -> str:
    """Return a date as text, in English whatever the locale."""
    return f"{day.day} {month_text(day)}"


def month_text(month: datetime) -> str:
    """Return a month and its year as text."""
    return f"{month_name(month)} {month.year}"


def month_name(month: datetime) -> str:
    """Return the name of a month."""
    return _MONTHS[month.month - 1]


def clock_text(time: datetime) -> str:
    """Return the time of day to the second."""
    return f"{time:%H:%M:%S}"


def day_and_time_text(time: datetime) -> str:
    """Return a day of the year and the time of day."""
    return f"{time.day} {month_name(time)}, {time:%H:%M}"
