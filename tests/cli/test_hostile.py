"""Escape sequences, markup and broken text from a server are shown as text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ninepic_async.sandbox import Sandbox

from .running import Run

EVIL = "\x1b[31mred\x07 \x9b2J\u202egpj [bold red]x[/] [link=http://evil]y :smile:\ta\nb \u2028"
SHOWN = "\\x1b[31mred\\x07 \\x9b2J\\u202egpj [bold red]x[/] [link=http://evil]y :smile: a b"
PAGES = {
    "total": 1,
    "currentPage": 1,
    "totalPages": 1,
    "hasNextPage": False,
    "hasPreviousPage": False,
    "page_size": 100,
}
PHOTO = {"image_id": EVIL, "img_url": "https://x/" + EVIL, "thumbnail_url": "t", "height": 1, "width": 1}
DETAILS = {
    "event_id": 1,
    "event_name": EVIL,
    "event_slug": EVIL,
    "status": EVIL,
    "event_enabled": True,
    "bib_search": True,
    "selfie_search": True,
    "name_search": True,
}
DATA: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "ping": ("ping", {"status": EVIL, "org_id": 1, "event_id": 1}, ("ping", "1")),
    "event": ("details", DETAILS, ("event", "1")),
    "events": (
        "events",
        {"events": [{"event_id": 1, "event_name": EVIL, "status": EVIL}], "pagination": PAGES},
        ("events",),
    ),
    "photos": ("photos", {"images": [PHOTO], "pagination": PAGES}, ("photos", "1")),
    "originals": (
        "originals",
        {
            "presigned_urls": [{"url": "https://x/?s=1", "filename": EVIL}],
            "failed_urls": [{"image_id": EVIL, "error": EVIL, "path": EVIL}],
            "total_images": 2,
            "successful_count": 1,
            "failed_count": 1,
            "pagination": PAGES,
        },
        ("originals", "1", "--bib", "1"),
    ),
    "clips": (
        "clip_status",
        {"request_id": "r", "status": "completed", "clips": [{"clip_url": "https://x", "video_id": EVIL}]},
        ("clips", "1", "--request-id", "r"),
    ),
}
SAFE_PIPE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*")


@pytest.mark.parametrize("name", DATA)
def test_data(pipe: Run, terminal: Run, sandbox: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint, data, command = DATA[name]
    body = {"responseType": "success", "message": EVIL, "data": data}
    sandbox.faults.add(endpoint=endpoint, status=200, body=body, times=99)
    for options in ((), ("--json",), ("--debug",)):
        ran = pipe(*command, *options)
        assert SAFE_PIPE.fullmatch(ran.out + ran.err)
        assert "--json" in options or SHOWN in ran.out
    monkeypatch.setenv("COLUMNS", "400")
    seen = terminal(*command)
    assert SHOWN in seen.text
    assert SAFE_PIPE.fullmatch(seen.text)
    assert "\x1b[31m" not in seen.out


def test_json_keeps_the_original_text(pipe: Run, sandbox: Sandbox) -> None:
    body = {"responseType": "success", "message": "", "data": DETAILS | {"more": EVIL}}
    sandbox.faults.add(endpoint="details", status=200, body=body)
    ran = pipe("event", "1", "--json")
    assert ran.out.isascii()
    assert json.loads(ran.out)["event_name"] == EVIL
    assert json.loads(ran.out)["extra"] == {"more": EVIL}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 418])
def test_messages(pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, status: int) -> None:
    body = {"responseType": "error", "message": EVIL, "data": None}
    sandbox.faults.add(endpoint="photos", status=status, body=body, times=2)
    ran = pipe("photos", event_id)
    assert (ran.status, ran.out) == (1, "")
    assert SAFE_PIPE.fullmatch(ran.err)
    assert ran.err.count("\n") <= 2
    assert "\\x1b[31mred" in ran.err
    assert SAFE_PIPE.fullmatch(terminal("photos", event_id).text)


def test_file_names(pipe: Run, terminal: Run, sandbox: Sandbox, event_id: str, tmp_path: Path) -> None:
    images = [
        PHOTO | {"image_id": EVIL.replace("/", ""), "img_url": f"{sandbox.photos_url}/imgs/1/large/x.jpg"}
    ]
    body = {"responseType": "success", "message": "", "data": {"images": images, "pagination": PAGES}}
    sandbox.faults.add(endpoint="photos", status=200, body=body, times=9)
    for run in (pipe, terminal):
        ran = run("download", event_id, "--all", "--to", str(tmp_path / "new"))
        assert ran.status == 1
        assert SAFE_PIPE.fullmatch(ran.text + ran.err)
        assert "[bold red]" in ran.text + ran.err


def test_clip_status(
    terminal: Run, pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    body = {
        "responseType": "success",
        "message": EVIL,
        "data": {"request_id": "r", "status": EVIL, "clips": []},
    }
    sandbox.faults.add(endpoint="clip_status", status=200, body=body, times=99)
    command = ["clips", event_id, "--request-id", "r", "--wait", "0.5"]
    seen = terminal(*command)
    assert SHOWN in seen.text
    assert SAFE_PIPE.fullmatch(seen.text)
    assert f"Motion: {SHOWN}" in pipe(*command).err
