"""Ctrl-C, closed pipes, and the process list: commands in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ninepic_async.sandbox import Sandbox

from .running import COMMAND, PATIENCE_S, Run, Screen, started
from .test_commands import UUID, image_ids


def wait_until_files_come(folder: Path) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not list(folder.glob("*.jpg")):
        assert time.monotonic() < give_up
        time.sleep(0.01)


def stop(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def test_an_interrupted_download_continues(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, selfie: str, tmp_path: Path
) -> None:
    to = tmp_path / "photos"
    sandbox.faults.add(endpoint="photo", path="*", times=3)
    sandbox.faults.add(endpoint="photo", delay_s=60, times=9)
    command = ["download", event_id, "--selfie", selfie, "--to", str(to), "--concurrency", "2"]
    with started(*command) as process:
        wait_until_files_come(to)
        see = ["ps", "-ww", "-o", "args=", "-p", str(process.pid)]
        listed = subprocess.run(see, capture_output=True, text=True)
        status, out, err = stop(process)
    assert (status, out) == (130, "")
    assert "download" in listed.stdout
    assert sandbox.api_key not in listed.stdout
    request_id = re.findall(rf"run the same command to continue, with --request-id ({UUID}) instead", err)[0]
    assert re.search(r"\nninepic: interrupted; \d+ files are in \S+; run the same command to continue", err)
    assert not list(to.glob("*.part.*"))
    sandbox.faults.clear()
    here = len(list(to.glob("*.jpg")))
    again = pipe("download", event_id, "--request-id", request_id, "--to", str(to))
    assert again.status == 0
    assert f"{here} already there" in again.err
    assert len(list(to.glob("*.jpg"))) == len(image_ids(sandbox, bib))


def test_ctrl_c_typed_while_motion_is_waited_for(
    pipe: Run, sandbox: Sandbox, event_id: str, selfie: str
) -> None:
    sandbox.state.clip_seconds = 1000.0
    with Screen() as screen, started("clips", event_id, selfie, screen=screen) as process:
        screen.wait_for("queued")
        screen.type("\x03")
        assert process.wait(PATIENCE_S) == 130
    request_id = re.findall(rf"the search continues, and --request-id ({UUID}) gets its result", screen.text)[
        0
    ]
    assert "Traceback" not in screen.text
    assert "\x1b[?25h" in screen.text, "the cursor is back"
    sandbox.state.clip_seconds = 0.0
    assert pipe("clips", event_id, "--request-id", request_id).status == 0


def test_a_second_ctrl_c_shows_no_traceback() -> None:
    # A thread delays the exit, as one that works on a large picture does, until the second Ctrl-C.
    code = """
import os, signal, sys, threading, time
import ninepic_async.cli as cli
def hold_up():
    for _ in range(300):
        time.sleep(0.01)
        if not threading.main_thread().is_alive():
            os.kill(os.getpid(), signal.SIGINT)
def interrupted():
    threading.Thread(target=hold_up).start()
    return 130
cli.main = interrupted
cli.script()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_ctrl_c_while_a_selfie_is_sent(sandbox: Sandbox, event_id: str, selfie: str) -> None:
    sandbox.faults.add(endpoint="face_search", delay_s=60)
    with started("face", event_id, selfie) as process:
        give_up = time.monotonic() + PATIENCE_S
        while sandbox.faults.unused:
            assert time.monotonic() < give_up
            time.sleep(0.01)
        status, out, err = stop(process)
    assert (status, out, err.count("\n")) == (130, "", 1)
    assert "may be charged again" in err


def test_ctrl_c_at_the_key_prompt(sandbox: Sandbox, event_id: str) -> None:
    no_key = {"NINEPIC_API_KEY": ""}
    with Screen() as screen, started("ping", event_id, env=no_key, screen=screen) as process:
        screen.wait_for("API key")
        screen.type("\x03")
        assert process.wait(PATIENCE_S) == 130
    assert "Traceback" not in screen.text


@pytest.mark.parametrize(
    "module", ["cyclopts", "ninepic_async.cli.program", "ninepic_async.cli.event", "aiohttp"]
)
def test_ctrl_c_while_modules_are_imported(sandbox: Sandbox, event_id: str, module: str) -> None:
    code = f"""
import sys
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from ninepic_async.cli import main
sys.exit(main(["ping", {event_id!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "ninepic: interrupted\n")


@pytest.mark.parametrize("options", [(), ("--api-key-file", "-")], ids=["asked for", "as stdin"])
def test_a_key_that_is_typed_is_not_shown(sandbox: Sandbox, event_id: str, options: tuple[str, ...]) -> None:
    no_key = {"NINEPIC_API_KEY": ""}
    command = ("ping", event_id, *options)
    with Screen() as screen, started(*command, env=no_key, screen=screen) as process:
        screen.wait_for("API key")
        screen.type(sandbox.api_key + "\n")
        assert process.wait(PATIENCE_S) == 0
    assert "Answered in" in screen.text
    assert sandbox.api_key not in screen.text


@pytest.mark.parametrize(
    "command",
    [
        ("photos", "487"),
        ("photos", "487", "--json"),
        ("events",),
        ("timeline", "487"),
        ("--help",),
        ("ping", "487"),
    ],
)
def test_a_closed_pipe_shows_no_traceback(sandbox: Sandbox, command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with started(*command, stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (1, "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_characters_outside_the_encoding_are_escaped(sandbox: Sandbox, encoding: str, tmp_path: Path) -> None:
    body = {"responseType": "success", "message": "", "data": {"event_id": 1, "event_name": "दौड़ Ω"}}
    flags = ("event_enabled", "bib_search", "selfie_search", "name_search")
    body["data"] |= dict.fromkeys(flags, True)  # type: ignore[operator]
    sandbox.faults.add(endpoint="details", status=200, body=body)
    with started("event", "1", env={"PYTHONIOENCODING": encoding}) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert "\\u0926" in out


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_closed_from_the_start(sandbox: Sandbox, event_id: str, stream: str) -> None:
    number = {"stdout": 1, "stderr": 2}[stream]
    command = f'exec "$@" {number}>&-'
    ran = subprocess.run(
        ["sh", "-c", command, "sh", *COMMAND, "ping", event_id],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0
    assert "Traceback" not in ran.stderr
