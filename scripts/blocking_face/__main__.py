"""Write the blocking classes of `ninepic_async.sync` from the signatures and docstrings of the async ones.

Run ``python -m scripts.blocking_face`` after a change to a public method, docstring or name, and commit what
it writes. ``--check`` writes nothing and fails if a file is out of date; a test does the same.
Most methods need nothing here. A body that can't be derived is in `BODIES`, a docstring in `DOCSTRINGS`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.blocking_face.source import MARK, ROOT, generated


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` compare them with those that are there."""
    is_check = "--check" in arguments
    texts = generated()
    for path in ROOT.glob("ninepic_async/sync/**/*.py"):
        if path not in texts and MARK in path.read_text():
            texts[path] = ""
    stale = [path for path, text in texts.items() if (path.read_text() if path.exists() else "") != text]
    for path in stale:
        print(f"{path.relative_to(ROOT).as_posix()} {'is out of date' if is_check else 'was out of date'}")
        if not is_check:
            write(path, texts[path])
    return 1 if stale and is_check else 0


def write(path: Path, text: str) -> None:
    """Write a file, or delete it if nothing is to be in it."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    if not text:
        path.unlink()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
