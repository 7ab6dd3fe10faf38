"""Dates and times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.cli.times import FORMS, parse_time
from ninepic_async.sandbox import Sandbox

from .running import Run

NOW = datetime(2026, 1, 19, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-19", datetime(2026, 1, 19, tzinfo=UTC)),
        ("2026-01-19T06:30", datetime(2026, 1, 19, 6, 30, tzinfo=UTC)),
        ("2026-01-19 06:30", datetime(2026, 1, 19, 6, 30, tzinfo=UTC)),
        ("2026-01-19T06:30Z", datetime(2026, 1, 19, 6, 30, tzinfo=UTC)),
        ("2026-01-19T12:00+05:30", datetime(2026, 1, 19, 6, 30, tzinfo=UTC)),
        ("now", NOW),
        ("today", datetime(2026, 1, 19, tzinfo=UTC)),
        (" Yesterday ", datetime(2026, 1, 18, tzinfo=UTC)),
        ("2h ago", NOW - timedelta(hours=2)),
        ("90 minutes ago", NOW - timedelta(minutes=90)),
        ("1 day ago", NOW - timedelta(days=1)),
        ("3 weeks", NOW - timedelta(weeks=3)),
        ("45s", NOW - timedelta(seconds=45)),
    ],
)
def test_forms(text: str, moment: datetime) -> None:
    assert parse_time(text, NOW) == moment


def test_today_is_the_day_in_utc() -> None:
    early = datetime(2026, 1, 20, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert parse_time("today", early) == datetime(2026, 1, 19, tzinfo=UTC)


@given(st.text())
def test_any_other_text_is_a_value_error_that_lists_the_forms(text: str) -> None:
    try:
        moment = parse_time(text, NOW)
    except ValueError as error:
        why = str(error)
    else:
        why = "" if moment.tzinfo is not None else "no time zone"
    assert why in ("", f"Give a date or time in one of these forms: {FORMS}.")


@pytest.mark.parametrize("text", ["tomorrowish", "", "999999 weeks ago", "2026-13-01"])
def test_a_wrong_time_names_the_forms(pipe: Run, sandbox: Sandbox, text: str) -> None:
    ran = pipe("download", "1", "--to", "x", "--from", text, "--until", "now")
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "--from" in ran.err
    assert "2h ago" in ran.err


def test_relative_times_reach_the_service(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    command = ["download", event_id, "--to", "x", "--dry-run", "--from", "2026-01-01", "--until", "now"]
    assert pipe(*command).status == 0
    request = next(each for each in sandbox.requests if each.endpoint == "timeline_photos")
    assert request.query["from"] == "1767225600"
    assert int(request.query["to"]) > 1_767_225_600


def test_a_day(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    day = pipe("timeline", event_id).lines[0].split("\t")[0]
    every = pipe("timeline", event_id).lines
    assert pipe("timeline", event_id, "--day", day).lines == [line for line in every if line.startswith(day)]
    assert pipe("timeline", event_id, "--day", "yesterday").out == ""
