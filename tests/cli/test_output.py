"""Dry runs, one photo on stdout, pages in the browser, and what is written about progress and retries."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from ninepic_async.cli import progress
from ninepic_async.cli.fetch import check_folder
from ninepic_async.sandbox import Sandbox

from .conftest import PHOTOS
from .running import COMMAND, PATIENCE_S, Run
from .test_commands import image_ids


class TestDryRun:
    def test_lists_the_photos_and_fetches_none(
        self, pipe: Run, sandbox: Sandbox, event_id: str, bib: str, tmp_path: Path
    ) -> None:
        to = tmp_path / "to"
        ran = pipe("download", event_id, "--bib", bib, "--to", str(to), "--dry-run")
        assert {line.split("\t")[0] for line in ran.lines} == image_ids(sandbox, bib)
        assert ran.err == f"{len(ran.lines)} photos would be fetched into {to}; nothing was fetched.\n"
        assert not to.exists()
        assert {request.endpoint for request in sandbox.requests} == {"bib_search"}

    def test_json(self, pipe: Run, event_id: str) -> None:
        ran = pipe("download", event_id, "--all", "--to", "x", "--dry-run", "--json")
        assert len({json.loads(line)["image_id"] for line in ran.lines}) == PHOTOS

    def test_ids(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        command = ["download", event_id, "--image-id", "a", "--image-id", "b", "--image-id", "a", "--to", "x"]
        assert pipe(*command, "--dry-run").lines == ["a", "b"]
        assert len(sandbox.requests) == 0

    def test_a_selfie_is_refused(self, pipe: Run, sandbox: Sandbox, event_id: str, selfie: str) -> None:
        ran = pipe("download", event_id, "--selfie", selfie, "--to", "x", "--dry-run")
        assert (ran.status, len(sandbox.requests)) == (2, 0)
        assert "charged" in ran.err


class TestStdout:
    def test_one_original(self, sandbox: Sandbox, event_id: str, bib: str) -> None:
        [image_id, *_] = sorted(image_ids(sandbox, bib))
        command = [*COMMAND, "download", event_id, "--image-id", image_id, "--to", "-"]
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(b"\xff\xd8\xff")
        assert done.stdout.endswith(b"\xff\xd9")

    def test_an_unknown_photo(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        ran = pipe("download", event_id, "--image-id", "unknown", "--to", "-")
        assert (ran.status, ran.out) == (1, "")
        assert "image_id" in ran.err

    @pytest.mark.parametrize(
        "options",
        [["--all"], ["--bib", "1"], ["--image-id", "a", "--image-id", "b"], ["--image-id", "a", "--gallery"]],
    )
    def test_only_one_photo(self, pipe: Run, sandbox: Sandbox, event_id: str, options: list[str]) -> None:
        ran = pipe("download", event_id, "--to", "-", *options)
        assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
        assert "one --image-id" in ran.err

    def test_not_on_a_terminal(self, terminal: Run, sandbox: Sandbox, event_id: str) -> None:
        ran = terminal("download", event_id, "--image-id", "a", "--to", "-")
        assert (ran.status, len(sandbox.requests)) == (2, 0)
        assert "> photo.jpg" in ran.text

    def test_clips_need_a_folder(self, pipe: Run, sandbox: Sandbox, event_id: str, selfie: str) -> None:
        ran = pipe("clips", event_id, selfie, "--to", "-")
        assert (ran.status, len(sandbox.requests)) == (2, 0)
        assert "give a folder" in ran.err


class TestFolder:
    @pytest.mark.parametrize("command", ["download", "clips"])
    def test_that_can_t_be_created(
        self, pipe: Run, sandbox: Sandbox, event_id: str, selfie: str, command: str
    ) -> None:
        how = ["--selfie", selfie] if command == "download" else [selfie]
        ran = pipe(command, event_id, *how, "--to", "/proc/x/y")
        assert (ran.status, len(sandbox.requests)) == (2, 0), "nothing is charged"
        assert "the folder /proc/x/y can't be created" in ran.err
        assert "can write to" in ran.err

    def test_the_check_leaves_nothing(self, tmp_path: Path) -> None:
        check_folder(tmp_path / "a" / "b")
        assert not (tmp_path / "a").exists()


class TestPage:
    @pytest.fixture
    def opened(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        addresses: list[str] = []

        def remember(address: str) -> bool:
            addresses.append(address)
            return True

        monkeypatch.setattr("webbrowser.open", remember)
        return addresses

    @pytest.fixture
    def page(self, tmp_path: Path) -> Path:
        (tmp_path / "a folder").mkdir()
        (tmp_path / "a folder" / "index.html").write_text("a page")
        return tmp_path / "a folder" / "index.html"

    def test_opens_the_page_of_a_folder(self, pipe: Run, page: Path, opened: list[str]) -> None:
        assert pipe("open", str(page.parent)).status == 0
        assert pipe("open", str(page)).status == 0
        assert opened == [page.as_uri()] * 2

    def test_opens_the_page_here(
        self, pipe: Run, page: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(page.parent)
        assert pipe("open").status == 0
        assert opened == [page.as_uri()]

    def test_prints_the_address(self, pipe: Run, page: Path, opened: list[str]) -> None:
        ran = pipe("open", str(page.parent), "--print")
        assert (ran.status, ran.out, opened) == (0, f"{page.as_uri()}\n", [])

    def test_no_page(self, pipe: Run, tmp_path: Path, opened: list[str]) -> None:
        ran = pipe("open", str(tmp_path))
        assert (ran.status, opened) == (2, [])
        assert f"`ninepic gallery {tmp_path}` makes one" in ran.err

    def test_no_browser(self, pipe: Run, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("webbrowser.open", lambda _: False)
        ran = pipe("open", str(page))
        assert (ran.status, ran.out) == (1, f"{page.as_uri()}\n")

    def test_the_title_is_the_events_name(
        self, pipe: Run, sandbox: Sandbox, event_id: str, bib: str, tmp_path: Path
    ) -> None:
        command = ["download", event_id, "--bib", bib, "--rendition", "thumbnail", "--gallery", "--to"]
        assert pipe(*command, str(tmp_path)).status == 0
        assert f"<title>{sandbox.event.name}</title>" in (tmp_path / "index.html").read_text()
        assert pipe(*command, str(tmp_path), "--title", "Sunday").status == 0
        assert "<title>Sunday</title>" in (tmp_path / "index.html").read_text()

    def test_a_title_needs_a_page(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        ran = pipe("download", event_id, "--all", "--to", "x", "--title", "Sunday")
        assert (ran.status, len(sandbox.requests)) == (2, 0)
        assert "--gallery" in ran.err


def test_a_pipe_gets_a_line_of_progress_now_and_then(
    pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.05)
    sandbox.faults.add(endpoint="photos", page=2, delay_s=1.0)
    ran = pipe("photos", event_id)
    assert ran.status == 0
    assert f"Reading: 100 of {PHOTOS}\n" in ran.err
    assert "\x1b" not in ran.err


def test_progress_says_when_the_service_throttles(
    pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.05)
    sandbox.faults.add(endpoint="photos", page=1, times=1, status=429)
    sandbox.faults.add(endpoint="photos", page=2, delay_s=0.5)
    ran = pipe("photos", event_id)
    assert ran.status == 0
    assert re.search(r"Reading: [^;]*; throttled by the service, at \d+(\.\d)? requests? a second\n", ran.err)


def test_progress_says_when_the_photo_host_throttles(
    pipe: Run,
    sandbox: Sandbox,
    event_id: str,
    bib: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.05)
    sandbox.faults.add(endpoint="photo", rate=5, burst=1, status=503)
    ran = pipe("download", event_id, "--bib", bib, "--to", str(tmp_path / "photos"))
    assert ran.status == 0
    assert re.search(r"throttled by the photo host, at \d+(\.\d)? requests? a second\n", ran.err)


def test_a_terminal_shows_the_throttle_under_the_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = progress._drawn("Reading", ())
    drawn.throttled = lambda: "throttled by the service, at 5 requests a second"
    with drawn.console.capture() as captured:
        drawn.console.print(*drawn.get_renderables())
    assert captured.get().splitlines()[-1].strip() == "throttled by the service, at 5 requests a second"


def test_a_pipe_gets_no_line_where_it_goes_fast(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    assert pipe("photos", event_id).err == f"{PHOTOS} photos.\n"


def test_no_line_is_written_after_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.01)
    with progress.counting("Reading") as bar:
        bar.update("", 1, 2)
        give_up = time.monotonic() + PATIENCE_S
        while "Reading: 1 of 2" not in capsys.readouterr().err:
            assert time.monotonic() < give_up
    bar.write_line()
    assert "Reading: 1 of 2\nReading" not in capsys.readouterr().err


def test_five_retries_are_one_line(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    unreachable = ["ping", event_id, "--base-url", "http://127.0.0.1:9", "--timeout", "6"]
    ran = pipe(*unreachable)
    lines = ran.err.splitlines()
    assert ran.status == 1
    assert len(lines) == 3, "the first retry, the error, and what to do"
    assert "next attempt in" in lines[0]
    assert "Check the network" in lines[2] or "--timeout" in lines[2]
    debug = pipe(*unreachable, "--debug")
    assert len(re.findall("next attempt in", debug.err)) > 1
