"""`ninepic memories`: what is found, how, and what is kept of it."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from ninepic_async.sandbox import Sandbox

from .running import PATIENCE_S, Run, started
from .test_commands import UUID, image_ids


def test_by_bib_and_selfie(pipe: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str) -> None:
    ran = pipe("memories", event_id, "--bib", bib, "--selfie", selfie)
    assert ran.status == 0
    rows = [line.split("\t") for line in ran.lines]
    assert {row[1] for row in rows} == image_ids(sandbox, bib)
    assert {tuple(row[:1] + row[2:3]) for row in rows} == {("photo", "bib, selfie")}
    count = len(rows)
    assert f"BIB search: {count} photos.\n" in ran.err
    assert f"Selfie search: {count} photos.\n" in ran.err
    assert re.search(rf"^request_id: {UUID} ", ran.err, re.MULTILINE)


def test_json(pipe: Run, sandbox: Sandbox, event_id: str, bib: str) -> None:
    [line] = pipe("memories", event_id, "--bib", bib, "--json").lines
    document = json.loads(line)
    assert {photo["image_id"] for photo in document["photos"]} == image_ids(sandbox, bib)
    assert document["parts"]["bib"]["state"] == "done"
    assert set(map(tuple, document["found_by"].values())) == {("bib",)}


def test_files_and_a_page_that_shows_how_each_was_found(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str, tmp_path: Path
) -> None:
    to = tmp_path / "mine"
    options = ["--bib", bib, "--selfie", selfie, "--clips", "--rendition", "thumbnail", "--to", str(to)]
    ran = pipe("memories", event_id, *options, "--gallery")
    assert ran.status == 0, ran.err
    assert {path.stem for path in to.glob("*.jpg")} == image_ids(sandbox, bib)
    clips = list(to.glob("*.mp4"))
    assert [line.split("\t")[0] for line in ran.lines].count("clip") == len(clips) > 0
    page = (to / "index.html").read_text(encoding="utf-8")
    assert f"<title>{sandbox.event.name}</title>" in page
    assert "selfie" in page
    assert bib in page


def test_by_an_earlier_search(pipe: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str) -> None:
    first = pipe("memories", event_id, "--selfie", selfie)
    request_id = re.findall(rf"^request_id: ({UUID}) ", first.err, re.MULTILINE)[0]
    charged = sandbox.state.searches_charged
    again = pipe("memories", event_id, "--request-id", request_id)
    assert (again.status, again.out) == (0, first.out)
    assert sandbox.state.searches_charged == charged


def test_a_part_that_fails_loses_nothing_of_the_others(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str
) -> None:
    sandbox.faults.add(endpoint="face_search", status=400, body={"message": "no face"}, times=2)
    ran = pipe("memories", event_id, "--bib", bib, "--selfie", selfie)
    assert ran.status == 1
    assert {line.split("\t")[1] for line in ran.lines} == image_ids(sandbox, bib)
    assert "Selfie search failed: " in ran.err
    assert "no face" in ran.err


def test_a_part_that_is_off_is_no_failure(pipe: Run, sandbox: Sandbox, bib: str, selfie: str) -> None:
    off = next(
        event
        for event in sandbox.events
        if event.configured and event.features.selfie_search and not event.features.bib_search
    )
    ran = pipe("memories", str(off.event_id), "--bib", "1", "--selfie", selfie)
    assert ran.status == 0
    assert "BIB search: off for this event.\n" in ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--bib"),
        (["--clips", "--bib", "1"], "--clips needs"),
        (["--selfie", "a.jpg", "--request-id", "x"], "not both"),
        (["--bib", "1", "--gallery"], "--to"),
        (["--bib", "1", "--to", "x", "--title", "T"], "--gallery"),
        (["--bib", "1", "--to", "/proc/x"], "can't be created"),
        (["--bib", "1", "--to", "-"], "give a folder"),
        (["--bib", "1", "--wait", "0"], "--wait"),
    ],
)
def test_wrong_usage(pipe: Run, sandbox: Sandbox, options: list[str], said: str) -> None:
    ran = pipe("memories", "487", *options)
    assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
    assert said in ran.err


def test_ctrl_c_leaves_the_id_of_the_search(pipe: Run, sandbox: Sandbox, event_id: str, selfie: str) -> None:
    sandbox.faults.add(endpoint="face_results", delay_s=60, times=9)
    sandbox.faults.add(endpoint="bib_search", delay_s=60, times=9)
    with started("memories", event_id, "--bib", "1", "--selfie", selfie) as process:
        give_up = time.monotonic() + PATIENCE_S
        while not any(request.endpoint == "face_search" and request.status for request in sandbox.requests):
            assert time.monotonic() < give_up
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, "")
    request_id = re.findall(rf"--request-id ({UUID}) may have the result", err)[0]
    sandbox.faults.clear()
    assert pipe("face", event_id, "--request-id", request_id).status == 0
