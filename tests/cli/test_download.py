"""`ninepic download` and `ninepic gallery`: files on disk, progress, and how to continue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninepic_async.cli import progress
from ninepic_async.sandbox import Sandbox

from .conftest import lead_to, serving
from .running import Run
from .test_commands import UUID, image_ids

FEW = 30


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[Sandbox]:
    """A sandbox with fewer photos, since each is drawn before it is fetched."""
    with serving(Sandbox(photos=FEW)) as running:
        yield running


def fetched(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.jpg")}


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "photos"


def test_all_photos_and_a_second_run(pipe: Run, event_id: str, to: Path) -> None:
    command = ["download", event_id, "--all", "--rendition", "thumbnail", "--to", str(to)]
    ran = pipe(*command, "--json")
    assert ran.status == 0
    outcome = json.loads(ran.out)
    assert (outcome["done"], outcome["skipped"], outcome["failed"]) == (FEW, 0, [])
    assert outcome["bytes"] == sum(path.stat().st_size for path in to.glob("*.jpg"))
    assert len(fetched(to)) == FEW
    again = pipe(*command)
    assert (again.status, again.out) == (0, "")
    assert f"{FEW} already there" in again.err


def test_by_bib(pipe: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path) -> None:
    assert pipe("download", event_id, "--bib", bib, "--to", str(to)).status == 0
    assert fetched(to) == image_ids(sandbox, bib)
    assert all("/large/" in request.path for request in sandbox.requests if request.endpoint == "photo")


def test_by_selfie_and_by_request_id(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str, to: Path
) -> None:
    ran = pipe("download", event_id, "--selfie", selfie, "--rendition", "original", "--to", str(to), "--json")
    assert ran.status == 0
    assert fetched(to) == image_ids(sandbox, bib)
    request_id = re.findall(rf"^request_id: ({UUID}) ", ran.err)[0]
    assert json.loads(ran.out)["request_id"] == request_id
    charged = sandbox.state.searches_charged
    again = pipe(
        "download", event_id, "--request-id", request_id, "--rendition", "original", "--to", str(to), "--json"
    )
    assert json.loads(again.out)["skipped"] == len(fetched(to))
    assert sandbox.state.searches_charged == charged


def test_by_time(pipe: Run, event_id: str, to: Path) -> None:
    day, hour, count = pipe("timeline", event_id).lines[0].split("\t")
    span = ["--from", f"{day}T{hour}", "--until", f"{day}T{hour[:2]}:59:59.5+00:00"]
    ran = pipe("download", event_id, *span, "--rendition", "original", "--to", str(to))
    assert ran.status == 0
    assert len(fetched(to)) == int(count)


def test_by_ids(pipe: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path) -> None:
    some = sorted(image_ids(sandbox, bib))[:3]
    options = [word for image_id in some for word in ("--image-id", image_id)]
    assert pipe("download", event_id, *options, "--to", str(to)).status == 0
    assert fetched(to) == set(some)
    assert pipe("download", event_id, *options, "--rendition", "large", "--to", str(to)).status == 2


@pytest.mark.parametrize("concurrency", ["1", "auto"])
def test_concurrency(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path, concurrency: str
) -> None:
    ran = pipe("download", event_id, "--bib", bib, "--concurrency", concurrency, "--to", str(to))
    assert ran.status == 0
    assert fetched(to) == image_ids(sandbox, bib)


def test_files_that_are_too_large_are_reported_as_missing(
    pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path
) -> None:
    command = ["download", event_id, "--bib", bib, "--max-bytes", "1000", "--to", str(to)]
    ran = pipe(*command, "--json")
    count = len(image_ids(sandbox, bib))
    assert ran.status == 1
    assert len(json.loads(ran.out)["failed"]) == count
    assert f"ninepic: and {count - 5} more\n" in ran.err
    assert ran.err.endswith("Run the same command to try again.\n")
    assert terminal(*command).status == 1


def test_originals_without_a_link_are_reported_as_missing(
    pipe: Run, monkeypatch: pytest.MonkeyPatch, to: Path
) -> None:
    with serving(Sandbox(photos=12, missing_originals=0.3)) as sandbox:
        lead_to(sandbox, monkeypatch)
        command = ["download", str(sandbox.event_id), "--all", "--rendition", "original", "--to", str(to)]
        ran = pipe(*command, "--json")
    outcome = json.loads(ran.out)
    assert ran.status == 1
    assert outcome["done"] == len(fetched(to)) == 12 - len(outcome["failed"]) < 12


def test_bar_shows_rate_and_time_left(
    terminal: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 0.05)
    sandbox.faults.add(endpoint="photo", delay_s=0.6, times=2)
    seen = terminal("download", event_id, "--bib", bib, "--to", str(to))
    total = len(image_ids(sandbox, bib))
    bar = rf"Fetching [━╸╺ ]+ +\d+/{total} [\d.]+ .?B, [\d.]+ .?B/s +"
    assert re.search(bar + r"\d:\d\d:\d\d", seen.text), "with rate and time left"
    assert seen.text.splitlines()[-1].startswith(f"{total} files fetched (")
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 30.0)
    quick = terminal("download", event_id, "--bib", bib, "--to", str(to))
    assert "Fetching" not in quick.text


def test_no_bar_in_a_pipe(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 0.0)
    ran = pipe("download", event_id, "--bib", bib, "--to", str(to))
    assert "Fetching" not in ran.out + ran.err
    assert "\x1b" not in ran.out + ran.err


def test_download_with_gallery_makes_a_page(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path
) -> None:
    ran = pipe("download", event_id, "--bib", bib, "--to", str(to), "--gallery")
    assert (ran.status, ran.out) == (0, f"{to / 'index.html'}\n")
    page = (to / "index.html").read_text(encoding="utf-8")
    assert all(image_id in page for image_id in image_ids(sandbox, bib))
    assert bib in page
    documented = pipe("download", event_id, "--bib", bib, "--to", str(to), "--gallery", "--json")
    assert json.loads(documented.out)["gallery"] == str(to / "index.html")


def test_a_failed_page_does_not_lose_the_outcome(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path
) -> None:
    to.mkdir()
    (to / "index.html").write_text("somebody's own")
    ran = pipe("download", event_id, "--bib", bib, "--to", str(to), "--gallery", "--json")
    outcome = json.loads(ran.out)
    assert (ran.status, outcome["done"]) == (1, len(image_ids(sandbox, bib)))
    assert "gallery" not in outcome
    assert f"{to / 'index.html'} is not the page of a gallery" in ran.err


@pytest.mark.parametrize(
    ("options", "status", "failed"),
    [([], 0, False), (["--max-bytes", "10"], 1, True)],
    ids=["none", "too large"],
)
def test_no_page_without_photos(
    pipe: Run,
    sandbox: Sandbox,
    event_id: str,
    bib: str,
    to: Path,
    options: list[str],
    status: int,
    failed: bool,
) -> None:
    whose = bib if failed else "nobody"
    command = ["download", event_id, "--bib", whose, "--to", str(to), "--gallery", *options]
    ran = pipe(*command, "--json")
    assert (ran.status, bool(json.loads(ran.out)["failed"])) == (status, failed)
    assert "no photos or clips" not in ran.err
    assert "already there" not in ran.err
    assert not (to / "index.html").exists()


def test_gallery(pipe: Run, terminal: Run, photos: Path, to: Path) -> None:
    to.mkdir()
    for photo in photos.glob("*.jpg"):
        (to / photo.name).write_bytes(photo.read_bytes())
    ran = pipe("gallery", str(to), "--title", "Sunday's run")
    assert (ran.status, ran.out, ran.err) == (
        0,
        f"{to / 'index.html'}\n",
        "A page of 6 photos.\n",
    )
    assert "Sunday&#39;s run" in (to / "index.html").read_text(encoding="utf-8")
    seen = terminal("gallery", str(to))
    assert seen.text.splitlines() == ["A page of 6 photos.", str(to / "index.html")]
    (to / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    torn = pipe("gallery", str(to), "--json")
    assert (torn.status, json.loads(torn.out)["photos"]) == (1, 6)
    assert "ninepic: torn.jpg can't be shown: " in torn.err


def test_ctrl_c_while_a_page_is_made(pipe: Run, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ninepic_async.gallery.write_gallery", interrupted)
    ran = pipe("gallery", str(photos))
    assert (ran.status, ran.out) == (130, "")
    assert f"run `ninepic gallery {photos}` to continue" in ran.err


def test_gallery_of_a_missing_folder(pipe: Run, tmp_path: Path) -> None:
    ran = pipe("gallery", str(tmp_path / "nowhere"))
    assert (ran.status, ran.out) == (1, "")
    assert "no folder" in ran.err


@pytest.mark.parametrize("command", ["download", "clips"])
def test_a_path_that_is_not_a_folder_is_refused_before_any_charge(
    pipe: Run, sandbox: Sandbox, event_id: str, selfie: str, tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    how = ["--selfie", selfie] if command == "download" else [selfie]
    ran = pipe(command, event_id, *how, "--to", str(tmp_path / "file"))
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "is not a folder" in ran.err


def test_download_of_no_photos(pipe: Run, sandbox: Sandbox, event_id: str, to: Path) -> None:
    ran = pipe("download", event_id, "--bib", "nobody", "--to", str(to))
    assert (ran.status, ran.err) == (0, "No such photos.\n")
    assert (
        json.loads(pipe("download", event_id, "--bib", "nobody", "--to", str(to), "--json").out)["done"] == 0
    )


def test_deleted_files_come_back_unless_they_are_skipped(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, to: Path
) -> None:
    command = ["download", event_id, "--bib", bib, "--rendition", "thumbnail", "--to", str(to), "--json"]
    every = json.loads(pipe(*command).out)["done"]
    gone = next(to.glob("*.jpg"))
    gone.unlink()
    assert json.loads(pipe(*command, "--skip-deleted").out)["done"] == 0
    assert not gone.exists()
    assert json.loads(pipe(*command).out)["done"] == 1
    assert len(fetched(to)) == every


@pytest.mark.parametrize("how", ["--all", "--from"])
def test_originals_of_any_selection(pipe: Run, sandbox: Sandbox, event_id: str, to: Path, how: str) -> None:
    selected = [how] if how == "--all" else ["--from", "2026-01-01", "--until", "now"]
    ran = pipe("download", event_id, *selected, "--rendition", "original", "--to", str(to), "--json")
    assert ran.status == 0
    assert json.loads(ran.out)["done"] == len(fetched(to)) > 0
    assert {request.endpoint for request in sandbox.requests} >= {"originals", "original"}
    assert "photo" not in {request.endpoint for request in sandbox.requests}, "no preview is fetched"
