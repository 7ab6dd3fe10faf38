"""Check an installed extra in an environment that has nothing else: ``python -I .ci/smoke.py EXTRA``.

Without an extra it checks the library alone.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import metadata, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import ninepic_async

TEST: Final = """
def test_the_fixture_works(ninepic_sync, ninepic_sandbox):
    assert ninepic_sync.event(ninepic_sandbox.event_id).ping().status == "ok"
"""


def library() -> None:
    """Check what needs no extra, and that the installed files are those of the wheel."""
    from ninepic_async import APIConnectionError, NinePic, RetryPolicy

    installed = Path(ninepic_async.__file__)
    assert "site-packages" in installed.parts
    assert installed.with_name("py.typed").exists()
    assert ninepic_async.__version__ == version("ninepic-async")
    assert "![" not in metadata("ninepic-async").json["description"]

    async def call() -> None:
        retry = RetryPolicy(attempts=1)
        async with NinePic("key", 903, base_url="http://127.0.0.1:1", retry=retry) as client:
            await client.event(456).ping()

    try:
        asyncio.run(call())
    except APIConnectionError:
        return
    raise AssertionError("nothing listens on port 1, and the call succeeded")


def cli() -> None:
    """Check the command."""
    for argument in ("--version", "--help"):
        run(str(Path(sys.executable).with_name("ninepic")), argument)


def gallery() -> None:
    """Make a gallery of one picture."""
    from PIL import Image

    from ninepic_async.gallery import write_gallery

    with TemporaryDirectory() as folder:
        Image.new("RGB", (64, 48)).save(Path(folder, "photo.jpg"))
        assert write_gallery(folder).photos == 1


def otel() -> None:
    """Make the hook."""
    from ninepic_async.opentelemetry import Tracing

    Tracing()


def sandbox() -> None:
    """Call a sandbox, and fetch a photo that it draws."""
    from ninepic_async import NinePic
    from ninepic_async.sandbox import Sandbox

    async def tour() -> None:
        with TemporaryDirectory() as folder:
            async with (
                Sandbox(photos=3) as sb,
                NinePic(sb.api_key, sb.org_id, base_url=sb.base_url) as client,
            ):
                event = client.event(sb.event_id)
                report = await event.download(event.photos(), folder)
                assert report.done == 3

    asyncio.run(tour())


def scale() -> None:
    """Import it. A download over workers would need a sandbox, which is another extra."""
    from ninepic_async import scale

    assert callable(scale.download)


def testing() -> None:
    """Run a test that uses the fixtures."""
    with TemporaryDirectory() as folder:
        Path(folder, "test_fixture.py").write_text(TEST, encoding="utf-8")
        run(sys.executable, "-m", "pytest", "-q", folder)


def run(*command: str) -> None:
    """Run a program that must succeed."""
    subprocess.run(command, check=True, timeout=120)  # noqa: S603 (our own arguments)


CHECKS: Final[dict[str, Callable[[], None]]] = {
    "": library,
    "cli": cli,
    "gallery": gallery,
    "otel": otel,
    "sandbox": sandbox,
    "scale": scale,
    "testing": testing,
}

if __name__ == "__main__":
    CHECKS[sys.argv[1]]()
