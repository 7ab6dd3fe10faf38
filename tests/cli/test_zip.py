"""`ninepic download --zip`: one ZIP instead of files in a folder."""

from __future__ import annotations

import io
import json
import re
import signal
import stat
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninepic_async.sandbox import Sandbox

from .conftest import serving
from .running import COMMAND, PATIENCE_S, Run, started
from .test_commands import UUID, image_ids

FEW = 20


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[Sandbox]:
    """A sandbox with fewer photos, since each is drawn before it is fetched."""
    with serving(Sandbox(photos=FEW)) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "photos.zip"


def names(archive: zipfile.ZipFile) -> set[str]:
    assert archive.testzip() is None
    return {Path(name).stem for name in archive.namelist()}


def test_a_file(pipe: Run, sandbox: Sandbox, event_id: str, bib: str, file: Path) -> None:
    command = ["download", event_id, "--bib", bib, "--rendition", "original", "--zip", str(file)]
    ran = pipe(*command)
    assert (ran.status, ran.out) == (0, "")
    assert re.fullmatch(rf"A ZIP of [\d.]+ [kM]B, in {file}\.\n", ran.err)
    with zipfile.ZipFile(file) as archive:
        assert names(archive) == image_ids(sandbox, bib)
    assert stat.S_IMODE(file.stat().st_mode) & 0o444 == 0o444, "as any new file, not private"
    assert list(file.parent.iterdir()) == [file]
    document = json.loads(pipe(*command, "--json").out)
    assert document == {"zip": str(file), "bytes": file.stat().st_size, "complete": True}


def test_stdout(sandbox: Sandbox, event_id: str, bib: str) -> None:
    command = [*COMMAND, "download", event_id, "--bib", bib, "--rendition", "thumbnail", "--zip", "-"]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
        assert names(archive) == image_ids(sandbox, bib)
    assert b"A ZIP of" in done.stderr


def test_by_selfie(pipe: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str, file: Path) -> None:
    ran = pipe("download", event_id, "--selfie", selfie, "--zip", str(file), "--json")
    assert ran.status == 0
    assert re.fullmatch(UUID, json.loads(ran.out)["request_id"])
    with zipfile.ZipFile(file) as archive:
        assert names(archive) == image_ids(sandbox, bib)


def test_what_is_missing_is_named_and_a_failure(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, file: Path
) -> None:
    sandbox.faults.add(endpoint="photo", status=404)
    ran = pipe("download", event_id, "--bib", bib, "--zip", str(file), "--json")
    assert (ran.status, json.loads(ran.out)["complete"]) == (1, False)
    assert "MISSING.txt in the ZIP names them" in ran.err
    with zipfile.ZipFile(file) as archive:
        assert len(names(archive)) == len(image_ids(sandbox, bib))
        assert b"404" in archive.read("MISSING.txt")


def test_a_failure_leaves_the_file_that_was_there(
    pipe: Run, sandbox: Sandbox, event_id: str, file: Path
) -> None:
    file.write_text("mine")
    sandbox.faults.add(endpoint="photos", status=400, times=9)
    assert pipe("download", event_id, "--all", "--zip", str(file)).status == 1
    assert file.read_text() == "mine"
    assert list(file.parent.iterdir()) == [file]


def test_ctrl_c_leaves_no_file(sandbox: Sandbox, event_id: str, selfie: str, tmp_path: Path) -> None:
    to = tmp_path / "here"
    to.mkdir()
    sandbox.faults.add(endpoint="photo", delay_s=60, times=999)
    with started("download", event_id, "--selfie", selfie, "--zip", str(to / "photos.zip")) as process:
        give_up = time.monotonic() + PATIENCE_S
        while not list(to.iterdir()):
            assert time.monotonic() < give_up
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, list(to.iterdir())) == (130, "", [])
    assert re.search(rf"no ZIP is left; run the same command again, with --request-id {UUID} instead", err)


@pytest.mark.parametrize("command", [["--zip", "-"], ["--zip", "-", "--json"]])
def test_a_reader_that_leaves(sandbox: Sandbox, event_id: str, command: list[str]) -> None:
    line = " ".join([*COMMAND, "download", event_id, "--all", *command])
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -c 1000 > /dev/null; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode in (0, 1), "0 if all of it fitted into the pipe"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--zip", "x.zip", "--to", "x"], "either --to FOLDER or --zip FILE"),
        ([], "either --to FOLDER or --zip FILE"),
        (["--zip", "x.zip", "--gallery"], "--rendition"),
        (["--zip", "x.zip", "--dry-run"], "--rendition"),
        (["--zip", "x.zip", "--skip-deleted"], "--rendition"),
        (["--zip", "x.zip", "--concurrency", "3"], "--rendition"),
        (["--zip", "."], "is a folder"),
        (["--zip", "/nowhere/x.zip"], "no folder /nowhere"),
    ],
)
def test_wrong_usage(pipe: Run, sandbox: Sandbox, options: list[str], said: str) -> None:
    ran = pipe("download", "487", "--all", *options)
    assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
    assert said in ran.err


def test_not_on_a_terminal(terminal: Run, sandbox: Sandbox) -> None:
    ran = terminal("download", "487", "--all", "--zip", "-")
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "stdout is a terminal" in ran.text
