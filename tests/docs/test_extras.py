"""Messages and pages name extras that exist, in quotes that every shell needs."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from tests.docs.examples import PACKAGE, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = set(PROJECT["optional-dependencies"])
TEXTS = [
    path
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *PACKAGE.rglob("*.py")]
    if "ninepic-async[" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_extras_exist_and_are_quoted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for quote, names in re.findall(r"(.)ninepic-async\[([^\]]*)\]", text):
        assert quote == "'"
        assert names.startswith("{") or set(names.split(",")) <= EXTRAS  # a name that code puts in


def test_every_extra_has_a_smoke_test() -> None:
    checks = runpy.run_path(str(ROOT / ".ci/smoke.py"))["CHECKS"]
    assert set(checks) == EXTRAS | {""}
