"""An event by its slug or name, with every command that takes an event."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninepic_async.sandbox import Sandbox

from .running import Run


@pytest.mark.parametrize(
    "options",
    [
        ("ping",),
        ("event",),
        ("timeline",),
        ("photos", "--limit", "1"),
        ("bib", "BIB"),
        ("face", "SELFIE"),
        ("clips", "SELFIE"),
        ("originals", "--bib", "BIB"),
        ("download", "--bib", "BIB", "--dry-run", "--to", "x"),
    ],
    ids=lambda options: options[0],
)
def test_each_command(pipe: Run, sandbox: Sandbox, bib: str, selfie: str, options: tuple[str, ...]) -> None:
    slug = sandbox.event.slug
    assert slug
    command, *rest = (word.replace("BIB", bib).replace("SELFIE", selfie) for word in options)
    ran = pipe(command, slug, *rest)
    assert ran.status == 0, ran.err
    assert sandbox.requests[0].endpoint == "events"
    assert f"/event/{sandbox.event_id}/" in sandbox.requests[-1].path


def test_a_number_needs_no_list_of_events(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    pipe("ping", event_id)
    assert [request.endpoint for request in sandbox.requests] == ["ping"]


def test_an_unknown_slug_names_the_nearest(pipe: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    slug = sandbox.event.slug
    assert slug
    ran = pipe("download", slug[:-1], "--all", "--to", str(tmp_path / "x"))
    assert (ran.status, ran.out) == (1, "")
    assert f"no event is called '{slug[:-1]}'; the nearest are {sandbox.event_id} {slug}" in ran.err
    assert "ninepic events --search" in ran.err
    assert not (tmp_path / "x").exists()
