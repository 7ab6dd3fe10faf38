"""`ninepic mirror`: a folder that follows an event."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ninepic_async.sandbox import Sandbox

from .conftest import lead_to, serving
from .running import PATIENCE_S, Run, started

FEW = 6


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox of one test: its photos come and go."""
    with serving(Sandbox(photos=FEW)) as running:
        lead_to(running, monkeypatch)
        yield running


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def command(sandbox: Sandbox, to: Path) -> list[str]:
    how = ["--rendition", "thumbnail", "--every", "0.2"]
    return ["mirror", str(sandbox.event_id), "--to", str(to), *how]


def fetched(to: Path) -> int:
    return len(list(to.glob("*.jpg")))


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def mirrored(command: list[str], is_so: Callable[[], bool], then: Callable[[], object] | None = None) -> str:
    """Run the command until something is so, and then something more; stop it, and return what it wrote."""
    with started(*command) as process:
        wait_until(is_so)
        if then is not None:
            then()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "run the same command to continue" in err
    return out + err


def state(to: Path) -> dict[str, object]:
    try:
        read = json.loads((to / ".ninepic-mirror.json").read_text())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def test_it_fetches_what_is_there_and_what_comes(sandbox: Sandbox, to: Path, command: list[str]) -> None:
    def more_come() -> None:
        [*_, name] = sandbox.add_photos(2)
        wait_until(lambda: fetched(to) == FEW + 2)
        wait_until(lambda: (to / "index.html").exists() and name in (to / "index.html").read_text())

    mirrored([*command, "--gallery"], lambda: fetched(to) == FEW, more_come)
    assert f"<title>{sandbox.event.name}</title>" in (to / "index.html").read_text()


def test_it_continues_where_it_was(sandbox: Sandbox, to: Path, command: list[str]) -> None:
    written = mirrored(command, lambda: "cursor" in state(to))
    assert re.search(rf"^\d\d:\d\d:\d\d {FEW} files fetched, {FEW} photos in all\.$", written, re.MULTILINE)
    sandbox.add_photos(1)
    sandbox.requests.clear()
    before = state(to)
    written = mirrored([*command, "--json"], lambda: state(to) != before)
    [change] = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert (change["done"], change["skipped"], change["total"]) == (1, 0, FEW + 1)
    assert fetched(to) == FEW + 1


def test_it_ends_after_its_time(pipe: Run, sandbox: Sandbox, to: Path, command: list[str]) -> None:
    started_at = time.monotonic()
    ran = pipe(*command, "--for", "2s")
    assert time.monotonic() - started_at >= 2.0
    assert ran.status == 0
    assert ran.err.endswith(f" fetched into {to}.\n")


def test_originals_for_two_hours_over_a_restart(sandbox: Sandbox, to: Path) -> None:
    """The photos that came and went meanwhile are no matter: nothing is missing, and nothing is removed."""
    every = ["--every", "0.2", "--for", "2h"]
    command = ["mirror", str(sandbox.event_id), "--to", str(to), "--rendition", "original", *every]
    mirrored(command, lambda: fetched(to) == FEW and "cursor" in state(to))
    first = sandbox.event.gallery.photo(0).image_id
    sandbox.remove_photos([first])
    added = sandbox.add_photos(3)
    mirrored(command, lambda: fetched(to) == FEW + 3)
    assert (to / f"{first}.jpg").exists()
    endpoints = [request.endpoint for request in sandbox.requests]
    assert (endpoints.count("original"), endpoints.count("photo")) == (FEW + 3, 0), "each fetched once"
    assert {path.stem for path in to.glob("*.jpg")} >= set(added)


def test_killed_it_continues(sandbox: Sandbox, to: Path, command: list[str]) -> None:
    last = sandbox.event.gallery.photo(FEW - 1).image_id
    sandbox.faults.add(endpoint="photo", path=f"*{last}*", delay_s=60, times=1)
    with started(*command) as process:
        wait_until(lambda: fetched(to) == FEW - 1)
        process.kill()
        process.communicate(timeout=PATIENCE_S)
    sandbox.faults.clear()
    mirrored(command, lambda: fetched(to) == FEW)
    assert not list(to.glob("*.part"))


def test_a_photo_that_failed_is_tried_again_at_the_next_look(
    sandbox: Sandbox, to: Path, command: list[str]
) -> None:
    sandbox.faults.add(endpoint="photo", status=404)
    written = mirrored(command, lambda: fetched(to) == FEW, lambda: wait_until(lambda: "cursor" in state(to)))
    assert "404" in written
    assert f"{FEW - 1} files fetched, {FEW} photos in all, 1 missing." in written


def test_a_photo_that_keeps_failing_comes_after_a_restart(
    pipe: Run, sandbox: Sandbox, to: Path, command: list[str]
) -> None:
    [last] = [sandbox.event.gallery.photo(place).image_id for place in range(FEW - 1, FEW)]
    sandbox.faults.add(endpoint="photo", path=f"*{last}*", status=404, times=999)
    mirrored(command, lambda: fetched(to) == FEW - 1)
    assert "cursor" not in state(to)
    sandbox.faults.clear()
    mirrored(command, lambda: fetched(to) == FEW)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"copy": [1, "large"], "cursor": "x"}', "\xff"])
def test_a_damaged_state_starts_anew(sandbox: Sandbox, to: Path, command: list[str], content: str) -> None:
    to.mkdir()
    file = to / ".ninepic-mirror.json"
    file.write_text(content, encoding="latin-1")
    mirrored(command, lambda: fetched(to) == FEW and state(to).get("copy") == [sandbox.event_id, "thumbnail"])
    file.write_text(json.dumps(state(to) | {"cursor": "nonsense"}))
    mirrored(command, lambda: state(to)["cursor"] != "nonsense")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--for", "soon"], "90m, 2h or 1d"),
        (["--for", "2h ago"], "90m, 2h or 1d"),
        (["--for", "0s"], "90m, 2h or 1d"),
        (["--every", "0"], "--every"),
        (["--title", "T"], "--gallery"),
        (["--to", "/proc/x"], "can't be created"),
    ],
)
def test_wrong_usage(pipe: Run, sandbox: Sandbox, options: list[str], said: str) -> None:
    where = [] if "--to" in options else ["--to", "x"]
    ran = pipe("mirror", "487", *where, *options)
    assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
    assert said in ran.err
