from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from ninepic_async import ConfigError, NinePic

PROGRAM = """
import logging
from ninepic_async.sync import NinePic, NinePicError
{first}
for _ in range(2):
    with NinePic("key", 1, base_url="http://127.0.0.1:9", timeout=1) as client:
        try:
            client.event(1).ping()
        except NinePicError:
            pass
"""


def stderr(level: str, first: str = "") -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first)],
        env={**os.environ, "NINEPIC_LOG": level},
        capture_output=True,
        check=True,
        timeout=50,
        text=True,
    )
    return run.stderr.splitlines()


def test_debug_shows_each_attempt_once() -> None:
    lines = stderr("debug")
    assert any(
        "DEBUG" in line and "ninepic_async: ping: " in line and "(attempt 1)" in line for line in lines
    )
    assert len([line for line in lines if "(attempt 1)" in line]) == 2


def test_warning_shows_no_attempts() -> None:
    assert not any("DEBUG" in line for line in stderr("Warning"))


def test_nothing_is_shown_unless_asked_for() -> None:
    assert not any("DEBUG" in line for line in stderr(""))


def test_a_logger_that_the_application_has_configured_is_left_alone() -> None:
    first = 'logging.getLogger("ninepic_async").addHandler(logging.NullHandler())'
    assert stderr("debug", first) == []


def test_another_level_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEPIC_LOG", "loud")
    with pytest.raises(ConfigError, match="NINEPIC_LOG='loud'"):
        NinePic("key", 1)
    assert logging.getLogger("ninepic_async").handlers == []
