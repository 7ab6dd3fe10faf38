"""Messages say what is wrong in the words of the command line, and what to do."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from ninepic_async.cli.sandbox import _listen_error
from ninepic_async.sandbox import Sandbox

from .running import Run

SELFIE_COMMANDS = [["face", "487"], ["clips", "487"]]


@pytest.mark.parametrize("command", [*SELFIE_COMMANDS, ["download", "487", "--to", "x", "--selfie"]])
def test_a_folder_in_place_of_a_selfie(
    pipe: Run, sandbox: Sandbox, tmp_path: Path, command: list[str]
) -> None:
    ran = pipe(*command, str(tmp_path))
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "is a folder: give the path of a picture" in ran.err
    assert f"`ninepic {command[0]} --help`" in ran.err


@pytest.mark.parametrize("command", SELFIE_COMMANDS)
def test_a_file_that_is_no_picture(pipe: Run, sandbox: Sandbox, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("buy milk")
    ran = pipe(*command, str(file))
    assert ran.status == 1
    assert ran.err.splitlines()[-1] == "  Give a photo of one face, as JPEG or PNG."


def test_an_id_that_does_not_exist_is_one_line_and_a_summary(
    pipe: Run, sandbox: Sandbox, event_id: str
) -> None:
    ran = pipe("originals", event_id, "--image-id", "nope")
    assert ran.status == 1
    assert sum("nope" in line for line in ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--base-url", "http://sandbox:9009"], "--allow-plain-http"),
        (["--proxy", "socks5://127.0.0.1:1"], "--proxy names a socks5 proxy"),
        (["--org-id", "nine"], "org_id='nine'"),
    ],
)
def test_settings_go_by_the_names_of_their_options(
    pipe: Run, sandbox: Sandbox, event_id: str, options: list[str], said: str
) -> None:
    ran = pipe("ping", event_id, *options)
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert said in ran.err
    assert "HTTPOptions" not in ran.err


@pytest.mark.parametrize("command", ["event", "photos", "timeline"])
def test_a_negative_event(pipe: Run, sandbox: Sandbox, command: str) -> None:
    ran = pipe(command, "-5")
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "positive whole number" in ran.err
    assert "find_event" not in ran.err


def test_a_missing_organisation(pipe: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NINEPIC_ORG_ID")
    ran = pipe("ping")
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert all(way in ran.err for way in ("NINEPIC_ORG_ID", "`ninepic configure`", "--org-id"))


def test_a_proxy_that_is_down(pipe: Run, sandbox: Sandbox) -> None:
    ran = pipe("ping", "--base-url", "https://api.example", "--proxy", "http://127.0.0.1:1")
    assert ran.status == 1
    assert ran.err.splitlines()[-1] == "  Check the network, and --proxy, HTTPS_PROXY or ALL_PROXY."


def test_plain_http_to_another_machine_if_that_is_wanted(pipe: Run, sandbox: Sandbox) -> None:
    ran = pipe("ping", "--base-url", "http://sandbox.invalid", "--allow-plain-http", "--timeout", "0.5")
    assert ran.status == 1
    assert "unencrypted" not in ran.err


@pytest.mark.parametrize("to", ["/proc/selfie.jpg", "missing/selfie.jpg"])
def test_a_selfie_that_the_sandbox_can_not_write(pipe: Run, to: str) -> None:
    ran = pipe("sandbox", "--port", "0", "--count", "5", "--selfie-to", to)
    assert (ran.status, ran.out) == (1, "")
    assert f"can't be written to {to}" in ran.err
    assert "give a file that you can write to" in ran.err


@pytest.mark.parametrize(
    "error", [OSError(errno.EADDRNOTAVAIL, "not here"), socket.gaierror(-2, "Name or service not known")]
)
def test_an_address_of_another_machine(error: OSError) -> None:
    assert "--host 10.9.8.7 is not an address of this machine" in str(_listen_error(error, "10.9.8.7"))


def test_many_files_that_fail_in_one_way_are_one_line(
    pipe: Run, sandbox: Sandbox, event_id: str, bib: str, tmp_path: Path
) -> None:
    sandbox.faults.add(endpoint="photo", status=404, times=None)
    ran = pipe("download", event_id, "--bib", bib, "--to", str(tmp_path / "photos"))
    assert ran.status == 1
    reason, missing = ran.err.splitlines()
    count = int(missing.split()[0])
    assert reason.startswith("ninepic: ")
    assert reason.endswith(f".jpg and {count - 1} more: the host answered 404 Not Found")


def test_a_long_pause_is_named_in_the_advice(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    sandbox.faults.add(endpoint="ping", status=429, headers={"Retry-After": "300"})
    ran = pipe("ping", event_id)
    assert (ran.status, ran.err.splitlines()[-1]) == (1, "  Run the same command again in 300 seconds.")


def test_advice_for_programs_is_left_out(
    pipe: Run, sandbox: Sandbox, event_id: str, selfie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.state, "clip_seconds", 600.0)
    ran = pipe("clips", event_id, selfie, "--wait", "0.2")
    assert ran.status == 1
    assert "event.clip_job" not in ran.err
    assert "--request-id" in ran.err.splitlines()[-1]
