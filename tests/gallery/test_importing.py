from __future__ import annotations

import subprocess
import sys

import pytest


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("module", ["jinja2", "PIL"])
def test_without_the_extra_it_says_what_to_install(module: str) -> None:
    run = python(f"import sys; sys.modules[{module!r}] = None\nimport ninepic_async.gallery")
    assert "pip install 'ninepic-async[gallery]'" in run.stderr


def test_a_gallery_needs_no_http_client() -> None:
    run = python(
        "import ninepic_async.gallery, sys\nprint({'aiohttp', 'asyncio', 'numpy'} & set(sys.modules))"
    )
    assert run.stdout.strip() == "set()", run.stderr
