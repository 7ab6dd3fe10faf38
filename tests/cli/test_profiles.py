"""`ninepic configure` and `--profile`."""

from __future__ import annotations

import configparser
import io
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from ninepic_async.cli import profiles
from ninepic_async.sandbox import Sandbox

from .running import PATIENCE_S, Run, Screen, started


@pytest.fixture
def config() -> Path:
    return Path(os.environ["NINEPIC_CONFIG"])


@pytest.fixture
def key_file(sandbox: Sandbox, tmp_path: Path) -> str:
    file = tmp_path / "key"
    file.touch(0o600)
    file.write_text(sandbox.api_key)
    return str(file)


@pytest.fixture
def no_account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NINEPIC_API_KEY", "NINEPIC_ORG_ID", "NINEPIC_BASE_URL"):
        monkeypatch.delenv(name)


@pytest.fixture
def configured(pipe: Run, sandbox: Sandbox, no_account: None, key_file: str) -> list[str]:
    """A profile ``race``, and the options that made it."""
    options = ["--org-id", str(sandbox.org_id), "--api-key-file", key_file, "--base-url", sandbox.base_url]
    ran = pipe("configure", "--profile", "race", *options)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.startswith("Profile race is saved; its key is in ")
    return options


@pytest.mark.usefixtures("configured")
class TestFile:
    def test_only_the_user_can_read_it(self, config: Path) -> None:
        assert stat.S_IMODE(config.stat().st_mode) == 0o600

    def test_its_folder_is_created_for_the_user_only(
        self, pipe: Run, config: Path, key_file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("NINEPIC_CONFIG")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(config.parent))
        assert pipe("configure", "--org-id", "1", "--api-key-file", key_file).status == 0
        assert stat.S_IMODE((config.parent / "ninepic").stat().st_mode) == 0o700
        assert (config.parent / "ninepic" / "config.ini").exists()

    def test_a_profile_leads_to_the_service(self, pipe: Run, event_id: str) -> None:
        assert pipe("ping", event_id, "--profile", "race").status == 0

    def test_other_profiles_stay(self, pipe: Run, config: Path, key_file: str) -> None:
        assert (
            pipe("configure", "--profile", "other", "--org-id", "7", "--api-key-file", key_file).status == 0
        )
        listed = pipe("configure", "--list")
        assert [line.split("\t")[:2] for line in listed.lines][1] == ["other", "7"]
        assert pipe("configure", "--profile", "other", "--remove").status == 0
        assert [line.split("\t")[0] for line in pipe("configure", "--list").lines] == ["race"]
        assert list(config.parent.iterdir()) == [config], "nothing else is left in the folder"

    def test_the_key_is_never_shown(self, pipe: Run, sandbox: Sandbox) -> None:
        ran = pipe("configure", "--list")
        assert sandbox.api_key not in ran.out + ran.err
        assert sandbox.api_key not in repr(profiles.read_profiles())

    def test_a_file_that_others_can_read_is_reported(self, pipe: Run, config: Path, event_id: str) -> None:
        config.chmod(0o644)
        ran = pipe("ping", event_id, "--profile", "race")
        assert ran.status == 0
        assert f"chmod 600 {config}" in ran.err

    def test_a_broken_file_is_reported_without_its_lines(
        self, pipe: Run, config: Path, sandbox: Sandbox
    ) -> None:
        config.write_text(f"{sandbox.api_key}\n[race")
        ran = pipe("ping", "1", "--profile", "race")
        assert (ran.status, ran.out) == (1, "")
        assert "is not a file of profiles" in ran.err
        assert sandbox.api_key not in ran.err

    def test_a_key_may_hold_a_percent_sign(self, pipe: Run, tmp_path: Path) -> None:
        (tmp_path / "odd").write_text("50%(x)s%")
        assert pipe("configure", "--org-id", "1", "--api-key-file", str(tmp_path / "odd")).status == 0
        assert profiles.load_profile(None).api_key == "50%(x)s%"


class TestPrecedence:
    def test_the_default_profile(self, pipe: Run, configured: list[str], event_id: str) -> None:
        assert pipe("ping", event_id).status == 2
        pipe("configure", *configured)
        assert pipe("ping", event_id).status == 0

    def test_an_environment_variable_names_the_profile(
        self, pipe: Run, configured: list[str], event_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NINEPIC_PROFILE", "race")
        assert pipe("ping", event_id).status == 0

    @pytest.mark.usefixtures("configured")
    def test_a_named_profile_wins_over_the_environment(
        self, pipe: Run, event_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NINEPIC_API_KEY", "another")
        monkeypatch.setenv("NINEPIC_ORG_ID", "1")
        monkeypatch.setenv("NINEPIC_BASE_URL", "http://127.0.0.1:9")
        assert pipe("ping", event_id, "--profile", "race").status == 0

    def test_the_environment_wins_over_the_default_profile(
        self, pipe: Run, sandbox: Sandbox, event_id: str, key_file: str
    ) -> None:
        other = ["--org-id", "1", "--api-key-file", key_file, "--base-url", "http://127.0.0.1:9"]
        assert pipe("configure", *other).status == 0
        assert pipe("ping", event_id).status == 0

    def test_a_key_of_the_environment_never_goes_to_a_profiles_address(
        self, pipe: Run, sandbox: Sandbox, no_account: None, key_file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pipe("configure", "--org-id", "1", "--api-key-file", key_file, "--base-url", "http://127.0.0.1:9")
        monkeypatch.setenv("NINEPIC_API_KEY", "mine")
        found = profiles.resolve_account(None, None, None, None)
        assert (found.api_key, found.org_id, found.base_url) == (None, "1", None)

    def test_options_win_over_a_profile(self, pipe: Run, configured: list[str], event_id: str) -> None:
        ran = pipe("ping", event_id, "--profile", "race", "--org-id", "1")
        assert (ran.status, "403" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--org-id", "x", "--api-key-file", "KEY"], "such as 903"),
        (["--org-id", "1", "--api-key-file", "missing"], "no such file"),
        (["--org-id", "1", "--api-key-file", "KEY", "--base-url", "http://9pic.ai"], "unencrypted"),
        (["--api-key-file", "KEY"], "give --org-id"),
        (["--org-id", "1"], "no API key"),
        (["--profile", "a b", "--list"], "a short name"),
        (["--profile", "gone", "--remove"], "no profile gone"),
    ],
)
def test_wrong_usage(
    pipe: Run, config: Path, no_account: None, key_file: str, options: list[str], said: str
) -> None:
    ran = pipe("configure", *[key_file if word == "KEY" else word for word in options])
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert not config.exists()


def test_an_unknown_profile(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    ran = pipe("ping", event_id, "--profile", "race")
    assert (ran.status, len(sandbox.requests)) == (2, 0)
    assert "`ninepic configure --profile race` makes it" in ran.err


def test_key_from_stdin(
    pipe: Run, sandbox: Sandbox, no_account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{sandbox.api_key}\n"))
    assert pipe("configure", "--org-id", str(sandbox.org_id), "--api-key-file", "-").status == 0
    assert profiles.load_profile(None).api_key == sandbox.api_key


def test_on_a_terminal_it_asks(sandbox: Sandbox, config: Path) -> None:
    env = {"NINEPIC_API_KEY": "", "NINEPIC_ORG_ID": ""}
    with Screen() as screen, started("configure", env=env, screen=screen) as process:
        screen.wait_for("Organisation's number: ")
        screen.type(f"{sandbox.org_id}\n")
        screen.wait_for("API key (not shown): ")
        screen.type(f"{sandbox.api_key}\n")
        assert process.wait(PATIENCE_S) == 0
    assert sandbox.api_key not in screen.text
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(config)
    assert parser["default"]["api_key"] == sandbox.api_key


class TestKeyring:
    @pytest.fixture
    def ring(self, monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
        keys: dict[tuple[str, str], str] = {}

        class Ring:
            def get_password(self, service: str, name: str) -> str | None:
                return keys.get((service, name))

            def set_password(self, service: str, name: str, key: str) -> None:
                keys[service, name] = key

            def delete_password(self, service: str, name: str) -> None:
                del keys[service, name]

        monkeypatch.setattr(profiles, "_keyring", Ring)
        return keys

    def test_the_key_is_in_the_keyring_only(
        self,
        ring: dict[Any, str],
        pipe: Run,
        sandbox: Sandbox,
        configured: list[str],
        config: Path,
        event_id: str,
    ) -> None:
        assert ring == {("ninepic", "race"): sandbox.api_key}
        assert sandbox.api_key not in config.read_text()
        assert pipe("ping", event_id, "--profile", "race").status == 0
        assert pipe("configure", "--profile", "race", "--remove").status == 0
        assert ring == {}

    def test_it_can_be_refused(
        self, ring: dict[Any, str], pipe: Run, sandbox: Sandbox, configured: list[str], config: Path
    ) -> None:
        assert pipe("configure", "--no-keyring", *configured).status == 0
        assert sandbox.api_key in config.read_text()

    def test_a_key_that_is_gone(
        self, ring: dict[Any, str], pipe: Run, configured: list[str], event_id: str
    ) -> None:
        ring.clear()
        ran = pipe("ping", event_id, "--profile", "race")
        assert ran.status == 1
        assert "the keyring has no key for profile race" in ran.err

    def test_a_keyring_that_does_not_work(
        self, pipe: Run, sandbox: Sandbox, configured: list[str], config: Path
    ) -> None:
        assert sandbox.api_key in config.read_text(), "the file holds it instead"
        ran = pipe("configure", "--keyring", *configured)
        assert ran.status == 1
        assert "keyring" in ran.err


def test_in_a_pipe_it_keeps_the_account_of_the_environment(
    pipe: Run, sandbox: Sandbox, event_id: str
) -> None:
    ran = pipe("configure", "--base-url", sandbox.base_url)
    assert ran.status == 0
    found = profiles.load_profile(None)
    assert (found.api_key, found.org_id) == (sandbox.api_key, str(sandbox.org_id))
    assert sandbox.api_key not in ran.out + ran.err
