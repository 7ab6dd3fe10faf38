"""A selfie from a file, from stdin and from a pipe; and the id of an earlier search instead."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ninepic_async.cli import selection
from ninepic_async.sandbox import Sandbox

from .running import COMMAND, PATIENCE_S, Run
from .test_commands import documents, image_ids

SELFIE_COMMANDS: list[Callable[[str], list[str]]] = [
    lambda selfie: ["face", "487", selfie],
    lambda selfie: ["clips", "487", selfie],
    lambda selfie: ["originals", "487", "--selfie", selfie],
]


class Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize("command", SELFIE_COMMANDS, ids=["face", "clips", "originals"])
def test_from_stdin(
    pipe: Run,
    sandbox: Sandbox,
    selfie: str,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[[str], list[str]],
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(Path(selfie).read_bytes()))
    ran = pipe(*command("-"))
    assert ran.status == 0, ran.err
    assert ran.lines


def test_from_a_pipe_of_the_shell(sandbox: Sandbox, event_id: str, bib: str, selfie: str) -> None:
    script = f'"$@" <(cat {selfie}) --json'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, "face", event_id],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert {photo["image_id"] for photo in documents(done.stdout)} == image_ids(sandbox, bib)


@pytest.mark.parametrize("command", SELFIE_COMMANDS, ids=["face", "clips", "originals"])
def test_nothing_through_a_pipe(
    pipe: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, command: Callable[[str], list[str]]
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b""))
    ran = pipe(*command("-"))
    assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
    assert "no selfie on stdin" in ran.err


def test_an_endless_pipe_is_cut_off(
    pipe: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(selection, "_LARGEST_SELFIE", 1000)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"x" * 1001,))
    writer.start()
    ran = pipe("face", "487", str(path))
    writer.join(PATIENCE_S)
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "more than 1,000 bytes" in ran.err


def test_stdin_of_a_terminal(terminal: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ninepic_async.cli.selection.stdin_is_terminal", lambda: True)
    ran = terminal("face", "487", "-")
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "pipe a picture in" in " ".join(ran.text.split())


class TestRequestId:
    @pytest.mark.parametrize("command", ["face", "clips"])
    def test_with_a_selfie(self, pipe: Run, sandbox: Sandbox, selfie: str, command: str) -> None:
        ran = pipe(command, "487", selfie, "--request-id", "x")
        assert (ran.status, len(sandbox.requests)) == (2, 0)
        assert "either a selfie or --request-id, not both" in ran.err

    @pytest.mark.parametrize("command", ["face", "clips"])
    def test_without_either(self, pipe: Run, sandbox: Sandbox, command: str) -> None:
        ran = pipe(command, "487")
        assert (ran.status, len(sandbox.requests)) == (2, 0)
        assert "give a selfie file, or --request-id" in ran.err

    @pytest.mark.parametrize("command", [["face"], ["clips"], ["originals"], ["download", "--to", "x"]])
    def test_that_is_wrong(self, pipe: Run, sandbox: Sandbox, event_id: str, command: list[str]) -> None:
        name, *options = command
        ran = pipe(name, event_id, *options, "--request-id", "nonsense")
        assert ran.status == 1
        assert "Check --request-id" in ran.err
        assert "UUID" in ran.err
        assert "face" not in ran.err.splitlines()[-1], "no advice about the selfie"

    @pytest.mark.parametrize("command", ["face", "clips"])
    def test_that_is_a_file(self, pipe: Run, sandbox: Sandbox, selfie: str, command: str) -> None:
        ran = pipe(command, "487", "--request-id", selfie)
        assert (ran.status, len(sandbox.requests)) == (2, 0)
        assert "is a file" in ran.err


def test_clips_asks_for_the_status_once(pipe: Run, sandbox: Sandbox, event_id: str, selfie: str) -> None:
    ran = pipe("clips", event_id, selfie, "--json")
    assert [request.endpoint for request in sandbox.requests] == ["start_clips", "clip_status"]
    sandbox.requests.clear()
    request_id = documents(ran.out)[0]["request_id"]
    assert pipe("clips", event_id, "--request-id", request_id).status == 0
    assert [request.endpoint for request in sandbox.requests] == ["clip_status"]
