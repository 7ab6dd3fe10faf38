"""`ninepic sandbox`: what it serves, and how clients reach it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from ninepic_async import NinePic

from .running import PATIENCE_S, Run, Screen, started


@contextmanager
def served(*arguments: str, last: str = "Ctrl-C") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the sandbox in a process of its own; yield it and its output up to the last line."""
    with started("sandbox", "--port", "0", *arguments) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if last in line:
                break
        yield process, "".join(lines)


def settings(said: str) -> dict[str, str]:
    return dict(re.findall(r"export (NINEPIC_\w+)=(\S+)", said))


async def photos_of(said: str, monkeypatch: pytest.MonkeyPatch) -> int:
    for name, value in settings(said).items():
        monkeypatch.setenv(name, value)
    event_id = re.findall(r"The main event is (\d+)", said)[0]
    async with NinePic() as client:
        return len(await client.event(event_id).photos().collect())


async def test_the_printed_settings_lead_to_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    with served("--count", "30", "--seed", "3") as (process, said):
        assert await photos_of(said, monkeypatch) == 30
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, ""), "Ctrl-C is the normal end"


async def test_photos_from_a_folder(monkeypatch: pytest.MonkeyPatch, photos: Path) -> None:
    with served("--photos", str(photos)) as (_, said):
        assert await photos_of(said, monkeypatch) == 6


def test_json(pipe: Run) -> None:
    with served("--count", "5", "--json", last="}") as (_, said):
        described = json.loads(said)
        assert described["photos"] == 5
        port = described["NINEPIC_BASE_URL"].rpartition(":")[2]
        taken = pipe("sandbox", "--port", port)
    assert (taken.status, taken.err.count("\n")) == (1, 1)


def test_a_missing_folder(pipe: Run, tmp_path: Path) -> None:
    ran = pipe("sandbox", "--port", "0", "--photos", str(tmp_path / "missing"))
    assert ran.status == 1
    assert "no such folder" in ran.err


def test_on_a_terminal_ctrl_c_ends_it() -> None:
    with Screen() as screen, started("sandbox", "--port", "0", "--count", "5", screen=screen) as process:
        screen.wait_for("Ctrl-C ends it.")
        screen.type("\x03")
        assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in screen.text


@pytest.mark.parametrize(("options", "steered"), [(["--control"], True), ([], False)])
async def test_control_is_off_by_default(options: list[str], steered: bool) -> None:
    with served("--count", "5", *options) as (_, said):
        assert ("/_sandbox" in said) is steered
        url = f"{settings(said)['NINEPIC_BASE_URL']}/_sandbox"
        async with aiohttp.ClientSession() as session, session.get(url) as reply:
            assert (reply.status == 200) is steered


def test_a_port_in_use_is_named(pipe: Run) -> None:
    with served("--count", "5") as (_, said):
        port = settings(said)["NINEPIC_BASE_URL"].rpartition(":")[2]
        ran = pipe("sandbox", "--port", "0", "--photos-port", port)
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert f"port {port} is in use" in ran.err
    assert "--port 0" in ran.err


async def test_it_writes_a_selfie_to_search_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "me.jpg"
    for _ in range(2):  # the second run finds the same picture
        with served("--count", "30", "--selfie-to", str(file)) as (_, said):
            bib = re.findall(rf"A selfie of BIB (\S+) to search with: {file}", said)[0]
            for name, value in settings(said).items():
                monkeypatch.setenv(name, value)
            async with NinePic() as client:
                event = client.event(re.findall(r"The main event is (\d+)", said)[0])
                found = await (await event.face_search(file)).collect()
                assert {photo.image_id for photo in found} == {
                    photo.image_id async for photo in event.bib_search(bib)
                }


def test_it_keeps_a_file_that_is_no_selfie_of_its_own(pipe: Run, tmp_path: Path) -> None:
    file = tmp_path / "me.jpg"
    file.write_text("mine")
    ran = pipe("sandbox", "--port", "0", "--count", "5", "--selfie-to", str(file))
    assert (ran.status, file.read_text()) == (1, "mine")
    assert "give another name" in ran.err


async def test_for_other_machines_it_warns_and_asks_for_a_token() -> None:
    options = ["--host", "0.0.0.0", "--count", "5", "--control", "--json"]
    with served(*options, last="}") as (process, said):
        described = json.loads(said)
        url = f"{described['NINEPIC_BASE_URL']}/_sandbox"
        token = {"Authorization": f"Bearer {described['control_token']}"}
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as reply:
                assert reply.status == 401
            async with session.get(url, headers=token) as reply:
                assert reply.status == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert "lets other machines in" in err
    assert "allow_plain_http=True" in err
