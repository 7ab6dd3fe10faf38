"""What the checks of the OpenAPI document share: the document as a sandbox serves it, and npm packages."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from ninepic_async.sandbox import Sandbox
from ninepic_async.testing import sandbox_in_thread

INSTALL_S = 300


@contextmanager
def served_document(folder: Path) -> Iterator[tuple[Sandbox, Path]]:
    """Run a sandbox, and save the document that it serves."""
    with sandbox_in_thread(photos=40) as sandbox:
        path = folder / "openapi.json"
        with urlopen(f"{sandbox.base_url}/openapi.json") as reply:
            path.write_bytes(reply.read())
        yield sandbox, path


def install(folder: Path, *packages: str) -> Path:
    """Install npm packages into a folder, and return the folder of their programs."""
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
    subprocess.run(command, check=True, timeout=INSTALL_S)
    return folder / "node_modules" / ".bin"
