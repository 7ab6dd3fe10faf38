"""Arguments, exit statuses, help, and where the settings come from."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ninepic_async.cli
from ninepic_async.cli import errors, main
from ninepic_async.cli.commands import COMMAND_NAMES
from ninepic_async.sandbox import Sandbox

from .running import Run

NAMES = sorted(COMMAND_NAMES)
HEAVY = {"aiohttp", "cattrs", "numpy", "PIL", "av", "anyio", "jinja2"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fly"], 'Unknown command "fly"'),
        (["phots", "1"], 'Did you mean "photos"'),
        (["event"], "EVENT_ID"),
        (["ping", ""], "event_id=''"),
        (["photos", "1", "--limi", "5"], "Did you mean --limit"),
        (["photos", "1", "--limit", "0"], "Must be >= 1"),
        (["photos", "1", "--org-id", "x"], "org_id='x'"),
        (["photos", "1", "--base-url", "http://9pic.ai"], "unencrypted"),
        (["photos", "1", "--timeout", "0"], "timeout=0.0"),
        (["bib", "1"], "BIB"),
        (["bib", "1", " "], "bib=' '"),
        (["face", "1"], "--request-id"),
        (["face", "1", "a.jpg", "--request-id", "x"], "--request-id"),
        (["face", "1", "missing.jpg"], "missing.jpg"),
        (["timeline", "1", "--hour", "3"], "--day"),
        (["timeline", "1", "--day", "x"], "--day"),
        (["timeline", "1", "--day", "2026-01-19", "--hour", "24"], "Must be <= 23"),
        (["clips", "1"], "--request-id"),
        (["clips", "1", "a.jpg", "--wait", "0"], "--wait"),
        (["clips", "1", "missing.jpg"], "missing.jpg"),
        (["originals", "1"], "--bib, --selfie, --request-id or --image-id"),
        (["originals", "1", "--bib", "1", "--request-id", "x"], "you gave --bib and --request-id"),
        (["originals", "1", "--bib", "1", "--urls", "--json"], "--urls"),
        (["download", "1", "--all"], "--to"),
        (["download", "1", "--to", "x"], "--all"),
        (["download", "1", "--all", "--to", ""], "Give a folder"),
        (["clips", "1", "a.jpg", "--to="], "Give a folder"),
        (["gallery", ""], "Give a folder"),
        (["demo", "--to", ""], "Give a folder"),
        (["demo", "--photos", ""], "Give a folder"),
        (["sandbox", "--photos", ""], "Give a folder"),
        (["download", "1", "--to", "x", "--all", "--bib", "3"], "you gave --bib and --all"),
        (["download", "1", "--to", "x", "--from", "2026-01-19"], "--until"),
        (["download", "1", "--to", "x", "--from", "2026-01-19", "--until", "2026-01-19"], "later"),
        (["download", "1", "--to", "x", "--all", "--rendition", "huge"], "large"),
        (["download", "1", "--to", "x", "--all", "--concurrency", "0"], "--concurrency"),
        (["download", "1", "--to", "x", "--all", "--max-bytes", "0"], "--max-bytes"),
        (["demo", "--nowhere"], "--nowhere"),
        (["demo", "--to"], "--to"),
        (["demo", "--to", "x", "--photos", "./x"], "same folder"),
        (["sandbox", "--port", "http"], "--port"),
        (["sandbox", "--port", "70000"], "--port"),
        (["sandbox", "--count", "-1"], "--count"),
        (["sandbox", "--count", "5", "--photos", "x"], "--photos"),
    ],
)
def test_wrong_usage(pipe: Run, sandbox: Sandbox, arguments: list[str], said: str) -> None:
    ran = pipe(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("ninepic: ")
    assert said in ran.err
    assert ran.err.count("\n") <= 2
    assert len(sandbox.requests) == 0, "nothing was sent"


def test_no_command_prints_help_and_is_wrong_usage(pipe: Run) -> None:
    ran = pipe()
    assert (ran.status, ran.out) == (2, "")
    assert all(name in ran.err for name in NAMES)


def test_help(pipe: Run, terminal: Run) -> None:
    ran = pipe("--help")
    assert (ran.status, ran.err) == (0, "")
    assert all(name in ran.out for name in NAMES)
    assert "\x1b" not in ran.out
    assert "\x1b[" in terminal("--help").out


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command(pipe: Run, name: str) -> None:
    ran = pipe(name, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert f"Usage: ninepic {name}" in ran.out


def test_version(pipe: Run) -> None:
    assert pipe("--version").out.startswith("ninepic-async 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(pipe: Run, shell: str) -> None:
    ran = pipe("completion", shell)
    assert (ran.status, ran.err) == (0, "")
    assert all(name in ran.out for name in (*NAMES, "--rendition"))


def test_no_color(terminal: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[36m" in terminal("timeline", event_id).out
    monkeypatch.setenv("NO_COLOR", "1")
    for command in (("timeline", event_id), ("events",), ("--help",)):
        assert "\x1b" not in terminal(*command).out


def test_pipes_have_no_styles_even_with_force_color(
    pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in pipe("timeline", event_id).out
    assert "\x1b" not in pipe("--help").out


def imported_by(*argv: str) -> set[str]:
    code = (
        "import sys; from ninepic_async.cli import main; status = main(sys.argv[1:]);"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, timeout=30)
    assert done.returncode in (0, 2)
    return set(done.stderr.splitlines()[-1].split())


def test_help_imports_nothing_heavy() -> None:
    assert not imported_by("--help") & HEAVY
    assert not imported_by("photos", "--limi", "1") & {"aiohttp", "numpy", "av"}


@pytest.mark.parametrize("module", ["cyclopts", "rich"])
def test_a_missing_cli_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str
) -> None:
    monkeypatch.setattr(ninepic_async.cli, "_EXTRA", ("attrs", f"no_{module}_here"))
    assert main(["photos", "1"]) == 1
    assert capsys.readouterr().err == (
        "ninepic: the command line needs an extra: pip install 'ninepic-async[cli]'\n"
    )


def test_a_missing_cli_extra_is_never_imported() -> None:
    code = (
        "import sys; sys.modules['cyclopts'] = sys.modules['rich'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name in ('cyclopts', 'rich') else find(name)\n"
        "from ninepic_async.cli import main; sys.exit(main(['--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "pip install 'ninepic-async[cli]'" in done.stderr


@pytest.mark.parametrize("command", [["demo", "--to", "x"], ["sandbox"]])
def test_a_missing_sandbox_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, pipe: Run, tmp_path: Path, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(errors, "_SANDBOX_PACKAGES", ("PIL", "no_such_module_here"))
    ran = pipe(*command)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "ninepic: this needs the sandbox's extra: pip install 'ninepic-async[sandbox]'\n"
    assert not (tmp_path / "x").exists()


class TestKey:
    def test_none(self, pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NINEPIC_API_KEY")
        ran = pipe("ping", event_id)
        assert ran.status == 2
        assert "NINEPIC_API_KEY" in ran.err
        assert "--api-key-file" in ran.err

    @pytest.mark.parametrize("option", ["--api-key", "--api-key=", "--api_key", "--key"])
    def test_as_an_argument_is_refused_without_repeating_it(self, pipe: Run, option: str) -> None:
        words = [option + "9pic_secret"] if option.endswith("=") else [option, "9pic_secret"]
        ran = pipe("ping", "1", *words)
        assert (ran.status, ran.out) == (2, "")
        assert "9pic_secret" not in ran.err
        assert "--api-key-file" in ran.err

    def test_as_a_surplus_argument_is_refused_without_repeating_it(self, pipe: Run) -> None:
        ran = pipe("ping", "1", "9pic_secret")
        assert (ran.status, ran.out) == (2, "")
        assert "9pic_secret" not in ran.err
        assert "1 argument too many" in ran.err

    def test_from_a_file(
        self, pipe: Run, sandbox: Sandbox, event_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NINEPIC_API_KEY", "another")
        file = tmp_path / "key"
        file.touch(0o600)
        file.write_text(f"{sandbox.api_key}\n")
        ran = pipe("ping", event_id, "--api-key-file", str(file))
        assert (ran.status, ran.err.count("\n")) == (0, 1)
        file.chmod(0o644)
        told = pipe("ping", event_id, "--api-key-file", str(file))
        assert told.status == 0
        assert f"chmod 600 {file}" in told.err

    def test_from_stdin(
        self, pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("NINEPIC_API_KEY")
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{sandbox.api_key}\n"))
        assert pipe("ping", event_id, "--api-key-file", "-").status == 0

    def test_from_a_closed_stdin(
        self, pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        ran = pipe("ping", event_id, "--api-key-file", "-")
        assert (ran.status, ran.out) == (2, "")
        assert "stdin holds no API key" in ran.err

    @pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"a\nb", b"\xff\xfe", None])
    def test_from_a_file_without_a_key(
        self, pipe: Run, sandbox: Sandbox, event_id: str, tmp_path: Path, content: bytes | None
    ) -> None:
        file = tmp_path / "key"
        if content is not None:
            file.touch(0o600)
            file.write_bytes(content)
        ran = pipe("ping", event_id, "--api-key-file", str(file))
        assert (ran.status, ran.out) == (2, "")
        assert ("--api-key-file" if content is None else str(file)) in ran.err
        assert "words" not in ran.err

    def test_as_the_path_of_the_key_file_is_not_repeated(self, pipe: Run, sandbox: Sandbox) -> None:
        ran = pipe("ping", "1", "--api-key-file", sandbox.api_key)
        assert ran.status == 2
        assert sandbox.api_key not in ran.err


class TestErrors:
    def test_an_error_is_one_line_and_a_hint(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        sandbox.faults.add(endpoint="photos", status=403, body={"message": "Forbidden"})
        ran = pipe("photos", event_id)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.splitlines() == [
            "ninepic: photos: 403 Forbidden",
            "  Check that key, organisation and event belong together; `ninepic events` lists the events.",
        ]

    def test_a_feature_that_is_off(self, pipe: Run, sandbox: Sandbox) -> None:
        off = next(event for event in sandbox.events if event.configured and not event.features.bib_search)
        ran = pipe("bib", str(off.event_id), "1")
        assert ran.status == 1
        assert "`ninepic event ID`" in ran.err

    def test_no_server(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        ran = pipe("ping", event_id, "--base-url", "http://127.0.0.1:9", "--timeout", "0.3")
        assert ran.status == 1
        assert ran.err.splitlines()[-1].startswith("  ")

    def test_an_incomplete_list_is_an_error(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        sandbox.faults.add(endpoint="photos", page=2, status=400, body={"message": "no"}, times=9)
        ran = pipe("photos", event_id, "--json")
        assert ran.status == 1
        assert len(ran.lines) == 100
        assert "400" in ran.err

    def test_debug(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        url = "https://x.example/a.jpg?signature=secret"
        body = {"message": f"{sandbox.api_key} {url}"}
        sandbox.faults.add(endpoint="photos", status=400, body=body, times=2)
        quiet, ran = pipe("photos", event_id), pipe("photos", event_id, "--debug")
        for each in (quiet, ran):
            assert each.status == 1
            assert sandbox.api_key not in each.err
            assert "signature=secret" not in each.err
        assert "Traceback" in ran.err
        assert "ninepic: photos: 400 in " in ran.err
        assert "Traceback" not in quiet.err

    def test_ninepic_log_is_debug_too(
        self, pipe: Run, event_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NINEPIC_LOG", "debug")
        assert pipe("ping", event_id).err.count("ping: 200 in ") == 1

    def test_a_retry_is_logged(self, pipe: Run, sandbox: Sandbox, event_id: str) -> None:
        sandbox.faults.add(endpoint="ping", status=503)
        ran = pipe("ping", event_id)
        assert ran.status == 0
        assert "503" in ran.err

    def test_an_unexpected_error_is_one_line_and_a_hint(
        self, pipe: Run, sandbox: Sandbox, event_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ninepic_async.cli.event.document", lambda _: 1 / 0)
        ran = pipe("ping", event_id, "--json")
        assert ran.status == 1
        assert ran.err.splitlines()[0] == "ninepic: ZeroDivisionError: division by zero"
        assert "--debug" in ran.err.splitlines()[1]


def test_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "ninepic_async.cli", "--version"],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONDEVMODE": "1"},
    )
    assert (done.returncode, done.stderr) == (0, "")
