"""The drawings in docs/ are those that the script makes now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.docs.examples import ROOT

DRAWINGS: dict[Path, str] = runpy.run_path(str(ROOT / ".ci/site/drawings.py"))["drawings"]()


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_the_drawing_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == DRAWINGS[path], "run: python .ci/site/drawings.py"
