"""The command line itself: arguments, exit status, and what `ninepic sandbox` serves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ninepic_async.cli
from ninepic_async import NinePic
from ninepic_async.cli import main

COMMAND = [sys.executable, "-W", "error", "-m", "ninepic_async.cli"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["demo", "--nowhere"],
        ["demo", "--to"],
        ["demo", "--to", "x", "--photos", "./x"],
        ["sandbox", "--port", "http"],
        ["sandbox", "--port", "70000"],
        ["sandbox", "--count", "-1"],
        ["sandbox", "--count", "5", "--photos", "x"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "ninepic" in capsys.readouterr().err


def test_help_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "demo" in out
    assert "sandbox" in out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ninepic_async.cli import main; main(['--help']);"
        "heavy = {'aiohttp', 'attrs', 'attr', 'cattrs', 'numpy', 'PIL', 'av', 'anyio'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_extra_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(ninepic_async.cli, "_EXTRA", ("PIL", "no_such_module_here"))
    assert main(["demo", "--to", str(tmp_path / "x")]) == 1
    assert capsys.readouterr().err == (
        "ninepic: this needs the sandbox's extra: pip install 'ninepic-async[sandbox]'\n"
    )
    assert not (tmp_path / "x").exists()


def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Served("--count", "5") as served:
        assert main(["sandbox", "--port", served.port]) == 1
    assert capsys.readouterr().err.count("\n") == 1


class Served:
    """`ninepic sandbox` in a process of its own, up to the line that says how to stop it."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, "sandbox", "--port", "0", *arguments], stdout=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []

    def __enter__(self) -> Served:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            if "Ctrl-C" in line:
                break
        return self

    def __exit__(self, *exc: object) -> None:
        self.status = self.stop()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=10)

    @property
    def settings(self) -> dict[str, str]:
        return dict(re.findall(r"export (NINEPIC_\w+)=(\S+)", "".join(self.lines)))

    @property
    def port(self) -> str:
        return self.settings["NINEPIC_BASE_URL"].rpartition(":")[2]


async def test_the_printed_settings_lead_to_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, photos: Path
) -> None:
    for arguments, total in ((["--count", "30", "--seed", "3"], 30), (["--photos", str(photos)], 6)):
        with Served(*arguments) as served:
            for name, value in served.settings.items():
                monkeypatch.setenv(name, value)
            event_id = re.findall(r"The main event is (\d+)", "".join(served.lines))[0]
            async with NinePic() as client:
                assert len(await client.event(event_id).photos().collect()) == total
        assert served.status == 0


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path, photos: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*COMMAND, "demo", "--to", str(tmp_path), "--photos", str(photos)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
