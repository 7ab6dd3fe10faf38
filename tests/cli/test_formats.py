"""Rows on terminals of several widths, in pipes, and in each format."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from ninepic_async.sandbox import Sandbox

from .running import Run
from .test_commands import NO_PAGES, UUID

COMMANDS = [("events",), ("photos", "487", "--limit", "7"), ("originals", "487", "--bib", "834")]
LONG_NAME = "The Long Distance Night and Morning Run of the Western Districts with All Their Villages 2026"


def read_csv(out: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(out)))


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_row_is_one_line(
    terminal: Run,
    pipe: Run,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    command: list[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = pipe(*command).lines
    seen = terminal(*command).text.splitlines()
    _, *shown, _ = seen
    assert len(shown) == len(rows) > 0
    assert max(map(len, seen)) <= columns
    assert all(
        line.startswith(row.split("\t")[0]) for line, row in zip(map(str.strip, shown), rows, strict=True)
    )


def test_a_name_that_is_too_long_is_cut(
    terminal: Run, pipe: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    event = {"event_id": 1, "event_name": LONG_NAME, "status": "active"}
    body = {"events": [event], "pagination": NO_PAGES | {"total": 1}}
    sandbox.faults.add(endpoint="events", status=200, body=body, times=2)
    line = terminal("events").text.splitlines()[1]
    assert len(line) == 80
    assert line.endswith("…")
    assert LONG_NAME in pipe("events").out


class TestLinks:
    def test_a_preview_is_a_link(self, terminal: Run, sandbox: Sandbox, event_id: str) -> None:
        seen = terminal("photos", event_id, "--limit", "1")
        host = sandbox.photos_url.removeprefix("http://")
        assert re.search(
            rf"\x1b\]8;[^;]*;{sandbox.photos_url}/imgs/\S+?\.jpg\x1b\\{host}\x1b\]8;;\x1b\\", seen.out
        )
        assert re.search(rf"^{UUID} +\d+x\d+ +{host}$", seen.text, re.MULTILINE)

    @pytest.mark.parametrize(
        ("name", "value"), [("TERM", "dumb"), ("TERM", "linux"), ("NO_COLOR", "1"), ("FORCE_HYPERLINK", "0")]
    )
    def test_no_links_where_the_terminal_has_none(
        self,
        terminal: Run,
        sandbox: Sandbox,
        event_id: str,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        value: str,
    ) -> None:
        monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "200")
        seen = terminal("photos", event_id, "--limit", "1")
        assert "\x1b]8" not in seen.out
        assert f"  {sandbox.photos_url}/imgs/" in seen.text

    def test_a_signed_url_is_never_a_link(
        self, terminal: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "200")
        image = {"image_id": "a", "img_url": "https://x.example/a.jpg?signature=1", "thumbnail_url": "t"}
        body = {"images": [image], "pagination": NO_PAGES | {"total": 1}}
        sandbox.faults.add(endpoint="photos", status=200, body=body)
        seen = terminal("photos", "487")
        assert "\x1b]8" not in seen.out
        assert "signature" not in seen.out
        assert "https://x.example/a.jpg?***" in seen.text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_formats_hold_the_same_rows(pipe: Run, terminal: Run, sandbox: Sandbox, command: list[str]) -> None:
    tsv = [line.split("\t") for line in pipe(*command, "--format", "tsv").lines]
    heading, *rows = read_csv(pipe(*command, "--format", "csv").out)
    assert rows == tsv == [line.split("\t") for line in pipe(*command).lines]
    assert len(heading) == len(rows[0])
    lines = pipe(*command, "--format", "json").lines
    assert len(lines) == len(rows)
    assert pipe(*command, "--json").lines == lines or command[0] == "originals"  # signed anew
    assert heading[0] in pipe(*command, "--format", "table").lines[0]
    assert read_csv(terminal(*command, "--format", "csv").text)[0] == heading


def test_csv_quotes_what_it_must(pipe: Run, sandbox: Sandbox) -> None:
    event = {"event_id": 1, "event_name": 'Run, "Fun"', "status": "active"}
    sandbox.faults.add(
        endpoint="events", status=200, body={"events": [event], "pagination": NO_PAGES | {"total": 1}}
    )
    assert read_csv(pipe("events", "--format", "csv").out)[1] == ["1", "", "active", 'Run, "Fun"']


def test_an_empty_csv_still_has_its_headings(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    assert read_csv(pipe("bib", event_id, "nobody", "--format", "csv").out) == [
        ["image_id", "size", "preview"]
    ]


def test_facts_and_hours_in_each_format(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    facts = read_csv(pipe("event", event_id, "--format", "csv").out)
    assert dict(zip(*facts, strict=True))["name"] == sandbox.event.name
    hours = read_csv(pipe("timeline", event_id, "--format", "csv").out)
    assert hours[0] == ["day", "hour", "photos"]
    assert hours[1:] == [line.split("\t") for line in pipe("timeline", event_id).lines]
    assert "█" in pipe("timeline", event_id, "--format", "table").out
    assert "days" in json.loads(pipe("timeline", event_id, "--format", "json").out)


def test_two_formats_are_wrong_usage(pipe: Run, sandbox: Sandbox) -> None:
    ran = pipe("events", "--json", "--format", "csv")
    assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
    assert "either --json or --format csv" in ran.err


class TestEvents:
    def test_search(self, pipe: Run, sandbox: Sandbox) -> None:
        name = sandbox.event.name
        ran = pipe("events", "--search", name.upper())
        assert [line.split("\t")[3] for line in ran.lines] == [name]
        assert pipe("events", "--search", "no such run").err == "No events.\n"
        assert len(pipe("events", "--search", str(sandbox.event_id)).lines) == 1

    def test_since(self, pipe: Run, sandbox: Sandbox) -> None:
        rows = [line.split("\t") for line in pipe("events").lines]
        days = sorted(row[1][:10] for row in rows if row[1])
        middle = days[len(days) // 2]
        kept = [line.split("\t") for line in pipe("events", "--since", middle).lines]
        assert [row[0] for row in kept] == [row[0] for row in rows if row[1] and row[1][:10] >= middle]
        assert 0 < len(kept) < len(rows)

    def test_a_limit_counts_what_was_kept(self, pipe: Run, sandbox: Sandbox) -> None:
        word = "a"
        every = pipe("events", "--search", word).lines
        assert pipe("events", "--search", word, "--limit", "2").lines == every[:2]
