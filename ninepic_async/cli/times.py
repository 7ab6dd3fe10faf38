"""Parse dates and times in common forms: ISO 8601, ``yesterday``, ``2h ago``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from cyclopts import Token

FORMS: Final = "2026-01-19, 2026-01-19T06:30, 2026-01-19T06:30+05:30, today, yesterday, now, 2h ago"
_AGO: Final = re.compile(
    r"(\d{1,6})\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(\s+ago)?"
)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_time(text: str, now: datetime) -> datetime:
    """Parse a time. Without an offset in the text, it is in UTC.

    Args:
        text: a date, a date and time, ``today``, ``yesterday``, ``now``, or a span such as ``2h ago``.
        now: the current time, with a time zone.

    Raises:
        ValueError: the text does not have one of these forms.
    """
    given = " ".join(text.casefold().split())
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    words = {"now": now, "today": today, "yesterday": today - timedelta(days=1)}
    if given in words:
        return words[given]
    try:
        if ago := _AGO.fullmatch(given):
            return now - timedelta(**{_UNITS[ago[2][0]]: int(ago[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(f"Give a date or time in one of these forms: {FORMS}.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def span_option(_: object, words: Sequence[Token]) -> float:
    """Parse the value of an option for a duration, and return seconds."""
    match = _AGO.fullmatch(" ".join(words[0].value.casefold().split()))
    if match is None or match[3] or int(match[1]) == 0:
        raise ValueError("Give a duration such as 90m, 2h or 1d.")
    return timedelta(**{_UNITS[match[2][0]]: int(match[1])}).total_seconds()


def time_option(_: object, words: Sequence[Token]) -> datetime:
    """Parse the value of an option for a time."""
    return parse_time(words[0].value, datetime.now(UTC))


def date_option(_: object, words: Sequence[Token]) -> date:
    """Parse the value of an option for a day, in UTC."""
    return parse_time(words[0].value, datetime.now(UTC)).date()
