"""The README is short, and its set-up commands are lines to copy."""

from __future__ import annotations

import re
import tomllib

from tests.docs.examples import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_set_up_commands_are_lines_to_copy() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert blocks[0].rstrip().endswith("ninepic demo --to ninepic-demo")
    assert (ROOT / blocks[1].removeprefix("bash ").strip()).is_file()


def test_it_is_about_150_lines() -> None:
    assert 100 <= README.count("\n") <= 160


def test_no_link_breaks_on_pypi() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (left_out,) = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]
    published = re.sub(left_out["pattern"], left_out["replacement"], README)
    assert len(published) < len(README), "the picture is left out"
    targets = re.findall(r"\]\(([^)]*)\)|<(?:img|a)\b", published)
    assert targets == ["https://docs.9pic.ai"]


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"`((?:docs|examples|benchmarks|\.github|ninepic_async)/[\w./-]*)`", README):
        assert (ROOT / name).exists(), name
