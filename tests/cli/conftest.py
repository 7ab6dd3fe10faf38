from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from ninepic_async.cli import progress
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.drawn_photos import DrawnPhotos
from ninepic_async.sandbox.pictures.drawn_pictures import DrawnPictures

from .running import COLUMNS, Run, on_terminal, piped

PHOTOS = 130


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of JPEGs as cameras write them; all but one have an EXIF capture time."""
    folder = tmp_path_factory.mktemp("photos")
    pictures = DrawnPictures(DrawnPhotos("cli", 40, 1_768_608_000), "Folder Run")
    for place in (0, 8, 16, 24, 32, 39):
        (folder / f"p{place}.jpg").write_bytes(pictures.photo(place, "original"))
    (folder / "bibs.csv").write_text("file,bib\np0.jpg,१२\np8.jpg,१२\np16.jpg,9\n", encoding="utf-8")
    return folder


@contextmanager
def serving(sandbox: Sandbox) -> Iterator[Sandbox]:
    with start_blocking_portal() as portal:
        running = portal.call(sandbox.start)
        yield running
        portal.call(running.aclose)


@pytest.fixture(scope="package")
def shared_sandbox() -> Iterator[Sandbox]:
    """A sandbox in a thread of its own."""
    with serving(Sandbox(photos=PHOTOS, clip_seconds=0.0)) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The sandbox, with the environment set to use it."""
    lead_to(shared_sandbox, monkeypatch)
    yield shared_sandbox
    shared_sandbox.faults.clear()
    shared_sandbox.requests.clear()
    shared_sandbox.state.clip_seconds = 0.0
    assert shared_sandbox.state.key_leaks == []


def lead_to(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEPIC_API_KEY", sandbox.api_key)
    monkeypatch.setenv("NINEPIC_ORG_ID", str(sandbox.org_id))
    monkeypatch.setenv("NINEPIC_BASE_URL", sandbox.base_url)


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
    monkeypatch.setattr(progress, "LINE_EVERY_S", 600.0)  # a busy machine must not add lines
    for name in ("NO_COLOR", "FORCE_COLOR", "FORCE_HYPERLINK", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("NINEPIC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NINEPIC_CONFIG", str(tmp_path_factory.mktemp("config") / "config.ini"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(COLUMNS))


@pytest.fixture
def pipe(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with its output in pipes."""
    return piped(capsys)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a terminal."""
    return on_terminal(monkeypatch)


@pytest.fixture
def event_id(sandbox: Sandbox) -> str:
    return str(sandbox.event_id)


@pytest.fixture
def bib(sandbox: Sandbox) -> str:
    """A BIB with several photos."""
    return sandbox.bibs[0]


@pytest.fixture
def selfie(sandbox: Sandbox, bib: str, tmp_path: Path) -> str:
    """A selfie of the same person."""
    file = tmp_path / "selfie.jpg"
    file.write_bytes(sandbox.selfie(bib))
    return str(file)
