"""The README is short, and its set-up commands are lines to copy."""

from __future__ import annotations

import re

from tests.docs.examples import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_set_up_commands_are_lines_to_copy() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert blocks[0].rstrip().endswith("ninepic demo --to ninepic-demo")
    assert (ROOT / blocks[1].removeprefix("bash ").strip()).is_file()
