"""Build the docs site: ``python .ci/site/build.py``, then open ``site/index.html``. Needs the group ``docs``.

Some pages come from elsewhere: the commands' own help, the OpenAPI description, the changelog and the
contributing guide. They are put beside a copy of ``docs/`` in ``build/docs``. A warning is an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ROOT / "build" / "docs"
WIDTH: Final = "80"
SITE: Final = ROOT / "site"
ELSEWHERE: Final = "https://unpkg.com/iframe-worker/shim"
"""A script that lets the search work from a local disk. The site has its own, so that it needs no network."""
WARNING: Final = re.compile(r"^(?:\x1b\[\d+m)*(?:warning|griffe)\b.*", re.IGNORECASE | re.MULTILINE)


def main() -> int:
    """Prepare the pages, build, and return the exit status."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for page, source in {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}.items():
        shutil.copy(ROOT / source, PAGES / page)
    _fill(PAGES / "reference" / "commands.md", "<!-- commands -->", commands())
    _fill(PAGES / "reference" / "openapi.md", "<!-- openapi -->", openapi())
    output = _run("zensical", "build", "--clean", "--strict")
    print(output)  # noqa: T201
    for built in SITE.rglob("*.html"):
        depth = len(built.relative_to(SITE).parts) - 1
        _fill(built, ELSEWHERE, "../" * depth + "assets/file-worker.js")
    return bool(WARNING.search(output))


def _run(module: str, *arguments: str, **environment: str) -> str:
    """Run a module as a program, and return what it prints."""
    run = subprocess.run(  # noqa: S603 (our own arguments)
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if run.returncode:
        raise SystemExit(run.stdout)
    return run.stdout


def _fill(page: Path, mark: str, text: str) -> None:
    whole = page.read_text(encoding="utf-8")
    if mark not in whole:
        raise SystemExit(f"{page}: {mark} is missing")
    page.write_text(whole.replace(mark, text), encoding="utf-8")


def commands() -> str:
    """Return a section for each command of the command line, with its help."""
    from ninepic_async.cli.commands import COMMANDS

    plain = {"COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb"}
    names = [command.name for group in COMMANDS.values() for command in group]
    helps = {name: _run("ninepic_async.cli", name, "--help", **plain).strip() for name in names}
    return "\n".join(f"## {name}\n\n```text\n{text}\n```\n" for name, text in helps.items())


def openapi() -> str:
    """Return the OpenAPI description as a block."""
    text = (ROOT / "ninepic_async/sandbox/api/openapi.yaml").read_text(encoding="utf-8")
    return f"```yaml\n{text}```\n"


if __name__ == "__main__":
    sys.exit(main())
