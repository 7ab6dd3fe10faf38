"""Every command that calls the API, in a pipe and on a terminal."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from ninepic_async.cli import progress
from ninepic_async.sandbox import Sandbox

from .conftest import PHOTOS
from .running import Run, half_piped

NO_PAGES = {
    "total": 0,
    "currentPage": 0,
    "totalPages": 0,
    "hasNextPage": False,
    "hasPreviousPage": False,
    "page_size": 1,
}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def documents(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def image_ids(sandbox: Sandbox, bib: str) -> set[str]:
    gallery = sandbox.event.gallery
    return {gallery.photo(place).image_id for place in gallery.of_bib(bib)}


def test_ping(pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str) -> None:
    ran = pipe("ping", event_id)
    assert (ran.status, ran.lines[0], ran.lines[2]) == (0, "status\tok", f"event\t{event_id}")
    assert re.fullmatch(r"Answered in \d+ ms\.\n", ran.err)
    [pong] = documents(pipe("ping", event_id, "--json").out)
    assert pong == {"status": "ok", "org_id": sandbox.org_id, "event_id": sandbox.event_id}
    seen = terminal("ping", event_id)
    assert seen.status == 0
    assert re.search(rf"^event +{event_id}$", seen.text, re.MULTILINE)


def test_ping_without_an_event_uses_the_first_one(pipe: Run, sandbox: Sandbox) -> None:
    ran = pipe("ping")
    assert (ran.status, ran.lines[2]) == (0, f"event\t{sandbox.events[0].event_id}")
    assert [request.endpoint for request in sandbox.requests] == ["events", "ping"]


def test_ping_without_any_event_is_an_error(pipe: Run, sandbox: Sandbox) -> None:
    sandbox.faults.add(endpoint="events", status=200, body={"events": [], "pagination": NO_PAGES})
    ran = pipe("ping")
    assert (ran.status, ran.out) == (1, "")
    assert "the organisation has no events" in ran.err


def test_a_ping_status_other_than_ok_is_an_error(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    sandbox.faults.add(endpoint="ping", status=200, body={"status": "no", "org_id": 1, "event_id": 1})
    ran = pipe("ping", event_id)
    assert ran.status == 1
    assert "'no'" in ran.err


def test_events(pipe: Run, terminal: Run, sandbox: Sandbox) -> None:
    ran = pipe("events")
    assert (ran.status, ran.err) == (0, "24 events.\n")
    assert [line.split("\t")[0] for line in ran.lines] == [str(event.event_id) for event in sandbox.events]
    listed = documents(pipe("events", "--json").out)
    assert [item["event_id"] for item in listed] == [event.event_id for event in sandbox.events]
    assert listed[0]["event_date"].endswith("T06:00:00")
    seen = terminal("events")
    assert seen.lines[0] != seen.text.splitlines()[0], "the heading is bold"
    assert re.match(r" ?event_id +date +status +name", seen.text)
    assert sandbox.event.name in seen.text
    assert seen.text.endswith("24 events.\n")


@pytest.mark.parametrize("columns", [40, 50, 80])
def test_a_narrow_terminal_folds_text_and_cuts_nothing(
    terminal: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    words = set(terminal("events").text.split())
    assert {word for event in sandbox.events for word in (event.name or "").split()} <= words
    seen = terminal("photos", event_id, "--limit", "1")
    shown = re.sub(r"\s", "", seen.text)
    assert all(seen_by in shown for seen_by in ("image_id", "size", "preview"))
    assert max(map(len, seen.text.splitlines())) <= columns


def test_event(pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str) -> None:
    ran = pipe("event", event_id)
    assert f"name\t{sandbox.event.name}" in ran.lines
    assert "timeline\tyes" in ran.lines
    [details] = documents(pipe("event", event_id, "--json").out)
    assert details["video_selfie_search"] is True
    assert re.search(r"^timeline +yes$", terminal("event", event_id).text, re.MULTILINE)


def test_photos(pipe: Run, terminal: Run, event_id: str) -> None:
    ran = pipe("photos", event_id)
    assert (ran.status, ran.err, len(ran.lines)) == (0, f"{PHOTOS} photos.\n", PHOTOS)
    assert all(re.fullmatch(rf"{UUID}\t\d+x\d+\thttp\S+", line) for line in ran.lines)
    found = documents(pipe("photos", event_id, "--json").out)
    assert len({photo["image_id"] for photo in found}) == PHOTOS
    assert {"img_url", "thumbnail_url", "width", "height"} <= found[0].keys()
    assert "extra" not in found[0]
    seen = terminal("photos", event_id)
    assert seen.text.count("image_id") == 1, "the heading comes once, however many pages there are"
    assert seen.text.endswith(f"{PHOTOS} photos.\n")
    assert f"{URL(found[-1]['img_url']).authority}\n" in seen.text, "a link shows its host"
    assert f";{found[-1]['img_url']}\x1b" in seen.out
    assert set(re.findall(rf"^{UUID}", seen.text, re.MULTILINE)) == {photo["image_id"] for photo in found}


@pytest.mark.parametrize("limit", [1, 100, 101])
def test_limit(pipe: Run, sandbox: Sandbox, event_id: str, limit: int) -> None:
    assert len(pipe("photos", event_id, "--limit", str(limit)).lines) == limit


def test_bib(pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, bib: str) -> None:
    expected = image_ids(sandbox, bib)
    ran = pipe("bib", event_id, bib.lower(), "--json")
    assert {photo["image_id"] for photo in documents(ran.out)} == expected
    assert ran.err == f"{len(expected)} photos of BIB {bib.lower()}.\n"
    assert set(re.findall(rf"^{UUID}", terminal("bib", event_id, bib).text, re.MULTILINE)) == expected
    for odd in ("A/12", "१२३", "VIP 7"):
        assert len(pipe("bib", event_id, odd).lines) == len(image_ids(sandbox, odd)) > 0


def test_a_bib_without_photos_is_not_an_error(pipe: Run, event_id: str) -> None:
    ran = pipe("bib", event_id, "--", "-1")
    assert (ran.status, ran.out, ran.err) == (0, "", "No photos of BIB -1.\n")


def test_face(pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str) -> None:
    charged = sandbox.state.searches_charged
    ran = pipe("face", event_id, selfie, "--json")
    found = documents(ran.out)
    assert {photo["image_id"] for photo in found} == image_ids(sandbox, bib)
    request_id = re.findall(rf"^request_id: ({UUID}) ", ran.err)[0]
    again = pipe("face", event_id, "--request-id", request_id, "--json")
    assert (again.status, documents(again.out)) == (0, found)
    assert sandbox.state.searches_charged == charged + 1
    assert "of this face." in terminal("face", event_id, selfie).text


def test_a_failed_face_search_prints_its_request_id(
    pipe: Run, sandbox: Sandbox, event_id: str, selfie: str
) -> None:
    sandbox.faults.add(endpoint="face_search", lose_reply=True, times=9)
    ran = pipe("face", event_id, selfie, "--timeout", "2")
    assert (ran.status, ran.out) == (1, "")
    request_id = re.findall(rf"--request-id ({UUID}) instead of the selfie", ran.err)[0]
    assert len(pipe("face", event_id, "--request-id", request_id).lines) > 0


def test_timeline(pipe: Run, terminal: Run, event_id: str) -> None:
    ran = pipe("timeline", event_id)
    rows = [line.split("\t") for line in ran.lines]
    [document] = documents(pipe("timeline", event_id, "--json").out)
    assert [row[2] for row in rows] == [
        str(hour["count"]) for day in document["days"] for hour in day["hours"]
    ]
    day = document["days"][0]
    assert {row[0] for row in rows[: len(day["hours"])]} == {day["date"]}
    only = pipe("timeline", event_id, "--day", day["date"])
    assert len(only.lines) == len(day["hours"])
    hour = day["hours"][0]
    of_hour = pipe("timeline", event_id, "--day", day["date"], "--hour", str(hour["hour"]))
    assert len(of_hour.lines) == hour["count"]

    seen = terminal("timeline", event_id)
    bars = re.findall(r"(█+) +(\d+)$", seen.text, re.MULTILINE)
    assert [int(count) for _, count in bars] == [int(row[2]) for row in rows]
    longest = max(bars, key=lambda bar: len(bar[0]))
    assert int(longest[1]) == max(int(count) for _, count in bars)
    assert seen.text.count(date.fromisoformat(day["date"]).isoformat()) == 1


def test_an_ascii_terminal_gets_hashes_instead_of_blocks(
    terminal: Run, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rich.console.ConsoleOptions.ascii_only", property(lambda _: True))
    assert "█" not in (text := terminal("timeline", event_id).text)
    assert "####" in text


def test_clips(
    pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, selfie: str, tmp_path: Path
) -> None:
    ran = pipe("clips", event_id, selfie, "--json")
    [result] = documents(ran.out)
    assert result["status"] == "completed"
    assert result["clips"]
    assert "Motion: completed\n" in ran.err
    request_id = re.findall(rf"^request_id: ({UUID}) ", ran.err)[0]
    assert request_id == result["request_id"]
    charged = sandbox.state.searches_charged
    kept = pipe("clips", event_id, "--request-id", request_id, "--to", str(tmp_path / "clips"))
    assert kept.status == 0
    assert len(kept.lines) == len(result["clips"]) == len(list((tmp_path / "clips").glob("*.mp4")))
    assert sandbox.state.searches_charged == charged
    seen = terminal("clips", event_id, "--request-id", request_id)
    assert f"{len(result['clips'])} clips." in seen.text


def test_clips_start_from_a_face_search(pipe: Run, sandbox: Sandbox, event_id: str, selfie: str) -> None:
    searched = pipe("face", event_id, selfie)
    request_id = re.findall(UUID, searched.err)[0]
    charged = sandbox.state.searches_charged
    ran = pipe("clips", event_id, "--request-id", request_id)
    assert ran.status == 0
    assert ran.lines
    assert sandbox.state.searches_charged == charged


def test_a_clip_search_that_timed_out_can_be_continued(
    pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, selfie: str
) -> None:
    sandbox.state.clip_seconds = 1000.0
    ran = pipe("clips", event_id, selfie, "--wait", "0.2")
    assert (ran.status, ran.out) == (1, "")
    request_id = re.findall(rf"--request-id ({UUID}) ", ran.err.splitlines()[-1])[0]
    seen = terminal("clips", event_id, "--request-id", request_id, "--wait", "1")
    assert re.search(r"Motion [-\\|/] (queued|processing) 0:00:0\d", seen.text)
    sandbox.state.clip_seconds = 0.0
    assert pipe("clips", event_id, "--request-id", request_id).status == 0


def test_a_failed_clip_search_is_an_error(pipe: Run, sandbox: Sandbox, event_id: str, selfie: str) -> None:
    sandbox.state.fail_clip_jobs = 1
    ran = pipe("clips", event_id, selfie)
    assert ran.status == 1
    assert "Motion ended with 'failed'" in ran.err


def test_originals(pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str) -> None:
    names = {f"{image_id}.jpg" for image_id in image_ids(sandbox, bib)}
    ran = pipe("originals", event_id, "--bib", bib)
    assert (ran.status, set(ran.lines), ran.err) == (0, names, f"{len(names)} originals.\n")
    seen = terminal("originals", event_id, "--selfie", selfie)
    assert "signature" not in ran.out + seen.out
    links = pipe("originals", event_id, "--bib", bib, "--urls")
    assert all(re.fullmatch(r"http\S+signature=\S+", line) for line in links.lines)
    some = sorted(image_ids(sandbox, bib))[:2]
    found = documents(pipe("originals", event_id, "--image-id", some[0], "--image-id", some[1], "--json").out)
    assert {link["filename"] for link in found} == {f"{image_id}.jpg" for image_id in some}
    assert all("signature=" in link["url"] for link in found)


def test_an_original_without_a_link_is_reported(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    page = {"total": 1, "currentPage": 1, "totalPages": 1, "hasNextPage": False, "hasPreviousPage": False}
    data = {
        "presigned_urls": [],
        "failed_urls": [{"image_id": "lost", "error": "Failed to generate URL", "path": None}],
        "total_images": 1,
        "successful_count": 0,
        "failed_count": 1,
        "pagination": {**page, "page_size": 60},
    }
    body = {"responseType": "success", "message": "", "data": data}
    sandbox.faults.add(endpoint="originals", status=200, body=body)
    ran = pipe("originals", event_id, "--bib", "1", "--json")
    assert (ran.status, documents(ran.out)[0]["error"]) == (1, "Failed to generate URL")
    assert "ninepic: lost: Failed to generate URL\n" in ran.err


@pytest.mark.parametrize(
    ("endpoint", "command", "shown"),
    [
        ("ping", ["ping"], "Asking"),
        ("photos", ["photos"], "Reading"),
        ("timeline_days", ["timeline"], "Asking"),
    ],
)
def test_a_slow_reply_shows_progress(
    terminal: Run,
    pipe: Run,
    sandbox: Sandbox,
    event_id: str,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    command: list[str],
    shown: str,
) -> None:
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 0.02)
    sandbox.faults.add(endpoint=endpoint, delay_s=0.3, times=2)
    assert shown in terminal(*command, event_id).text
    assert shown not in pipe(*command, event_id).err
    assert sandbox.faults.unused == []


def test_data_goes_to_a_file_and_progress_to_the_terminal(
    sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 0.02)
    sandbox.faults.add(endpoint="photos", page=2, delay_s=0.5)
    ran = half_piped(monkeypatch)("photos", event_id, "--json")
    assert len(documents(ran.out)) == PHOTOS
    assert f"100/{PHOTOS}" in ran.err
    assert "image_id" not in ran.err
