"""Help pages, completion scripts, and the ways to start the command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ninepic_async.cli.commands import COMMAND_NAMES, COMMANDS
from ninepic_async.cli.program import program

from .running import PATIENCE_S, Run, Screen

ACCOUNT_FREE = {"gallery", "open", "demo", "sandbox", "configure", "completion", "help"}


def examples(page: str) -> list[str]:
    return [line.strip() for line in page.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()]


@pytest.mark.parametrize("name", sorted(COMMAND_NAMES))
class TestPage:
    def test_it_has_examples(self, pipe: Run, name: str) -> None:
        shown = examples(pipe(name, "--help").out)
        assert 2 <= sum(f"ninepic {name}" in line for line in shown) <= 3

    def test_each_example_parses(self, pipe: Run, name: str) -> None:
        for line in examples(pipe(name, "--help").out):
            [given] = re.findall(rf"ninepic {name}([^|>)]*)", line)
            words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', given)]
            program().parse_args([name, *words])

    def test_it_names_the_account_only_where_one_is_needed(self, pipe: Run, name: str) -> None:
        page = pipe(name, "--help").out
        assert ("--org-id" in page) is (name not in ACCOUNT_FREE or name == "configure")
        assert ("NINEPIC_API_KEY and NINEPIC_ORG_ID" in " ".join(page.split())) is (name not in ACCOUNT_FREE)

    def test_it_fits_80_columns(self, terminal: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        assert max(map(len, terminal(name, "--help").text.splitlines())) <= 80

    def test_help_shows_it_too(self, pipe: Run, name: str) -> None:
        assert pipe("help", name).out == pipe(name, "--help").out


def test_help_without_a_command(pipe: Run) -> None:
    ran = pipe("help")
    assert (ran.status, ran.out) == (0, pipe("--help").out)
    assert all(title in ran.out for title in COMMANDS)


def test_help_of_an_unknown_command(pipe: Run) -> None:
    ran = pipe("help", "fly")
    assert (ran.status, ran.out) == (2, "")
    assert "no command 'fly'" in ran.err


@pytest.mark.parametrize("module", ["ninepic_async", "ninepic_async.cli"])
def test_as_a_module(module: str) -> None:
    command = [sys.executable, "-W", "error", "-m", module, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ninepic-async ")


def installed(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


BASH = """
source "$1"
complete_words() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
    local function=$(complete -p ninepic | sed -E 's/.*-F ([^ ]+).*/\\1/')
    "$function" ninepic "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "${COMPREPLY[@]}"
}
complete_words ninepic ev
complete_words ninepic download --rend
"""
FISH = """
source $argv[1]
complete -C 'ninepic ev'
complete -C 'ninepic download --rend'
"""


class TestCompletion:
    @pytest.fixture
    def script(self, pipe: Run, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
        shell = request.node.callspec.params["shell"]
        file = tmp_path / f"ninepic.{shell}"
        file.write_text(pipe("completion", shell).out)
        return file

    @pytest.mark.parametrize(
        ("shell", "test"),
        [
            pytest.param("bash", BASH, marks=installed("bash")),
            pytest.param("fish", FISH, marks=installed("fish")),
        ],
    )
    def test_by_a_script(self, script: Path, tmp_path: Path, shell: str, test: str) -> None:
        file = tmp_path / f"test.{shell}"
        file.write_text(test)
        done = subprocess.run(
            [shell, str(file), str(script)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=os.environ | {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        )
        assert all(word in done.stdout for word in ("events", "--rendition")), done.stdout + done.stderr

    @pytest.mark.parametrize("shell", [pytest.param("zsh", marks=installed("zsh"))])
    @pytest.mark.parametrize("is_sourced", [True, False], ids=["sourced", "in fpath"])
    def test_by_the_tab_key(self, script: Path, tmp_path: Path, shell: str, is_sourced: bool) -> None:
        if is_sourced:
            load = f"autoload -Uz compinit; compinit -u; source {script}"
        else:
            script.rename(script.with_name("_ninepic"))
            load = f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u"
        with Screen() as screen:
            process = subprocess.Popen(
                [shell, "-f", "-i"],
                stdin=screen.slave,
                stdout=screen.slave,
                stderr=screen.slave,
                env=os.environ | {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TERM": "dumb"},
                start_new_session=True,
            )
            try:
                screen.type(f"{load}; echo re''ady\n")
                screen.wait_for("ready\n")
                screen.type("ninepic download --rend\t")
                screen.wait_for("--rendition")
                screen.type("\x15ninepic timel\t")
                screen.wait_for("timeline")
            finally:
                process.kill()
                process.wait(PATIENCE_S)
