"""ZIPs beyond the limits of the old format, read by three programs, with the memory that they took.

Run by ``nox -s large_zip``. Needs Linux, 12 GB of free disk, unzip and bsdtar.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

pytestmark = pytest.mark.timeout(3600)

MB, GB = 10**6, 10**9


@frozen
class Kind:
    """How many files of what size are in a ZIP, and how much memory it may take."""

    count: int
    size: int
    extension: str = "jpg"
    over_base: int = 40 * MB

    @property
    def total(self) -> int:
        return self.count * self.size


KINDS = {
    "photos": Kind(count=1_000, size=5 * MB),
    "clips of 800 MB": Kind(count=7, size=800 * MB, extension="mp4"),
    # Up to 1 kB for each file's name and directory entry.
    "more than 65,535 files": Kind(count=70_000, size=2_000, over_base=40 * MB + 70_000 * 1_000),
}


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The address of the photo host, a process of its own."""
    command = [sys.executable, "-m", "tests.large_zip.host"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@frozen
class Written:
    """A ZIP on disk, and what it took."""

    path: Path
    kind: Kind
    over_base: int


@pytest.fixture(scope="module")
def written(kind: Kind, origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """A ZIP that a process of its own has written."""
    path = tmp_path_factory.mktemp("zip") / "large.zip"
    command = [sys.executable, "-m", "tests.large_zip.writer", origin, str(path)]
    options = [str(kind.count), str(kind.size), kind.extension]
    done = subprocess.run([*command, *options], stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout)
    over_base = figures["most"] - figures["before"]
    print(
        f"\n{kind.count:,} files, {path.stat().st_size / GB:.2f} GB in {figures['seconds']:.0f} s: "
        f"{figures['before'] / MB:.0f} MB of memory before, {over_base / MB:.1f} MB more at most"
    )
    yield Written(path, kind, over_base)
    path.unlink()


def test_memory_stays_flat(written: Written) -> None:
    assert written.path.stat().st_size > written.kind.total
    assert written.over_base < written.kind.over_base


def test_python_reads_it(written: Written) -> None:
    with zipfile.ZipFile(written.path) as archive:
        entries = archive.infolist()
        assert len(entries) == written.kind.count
        assert {entry.file_size for entry in entries} == {written.kind.size}
        assert {entry.date_time for entry in entries} == {(2026, 1, 19, 6, 30, 0)}
        assert archive.testzip() is None


def test_unzip_finds_no_error(written: Written) -> None:
    done = subprocess.run(
        [program("unzip"), "-t", str(written.path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("No errors detected")
    assert done.stdout.count(" OK\n") == written.kind.count


def test_bsdtar_reads_it_from_disk(written: Written) -> None:
    assert extracted(["-f", str(written.path)]) == written.kind.total


def test_bsdtar_reads_it_as_it_comes(written: Written) -> None:
    """From a pipe, where a program can't seek to the directory at the end."""
    with subprocess.Popen(["cat", str(written.path)], stdout=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        assert extracted(["-f", "-"], cat.stdout.fileno()) == written.kind.total


def extracted(options: list[str], stdin: int = subprocess.DEVNULL) -> int:
    """Extract everything with bsdtar, which checks it. Return how many bytes came."""
    total = 0
    with subprocess.Popen(
        [program("bsdtar"), "-xO", *options], stdin=stdin, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        while block := process.stdout.read(MB):
            total += len(block)
    assert process.returncode == 0
    return total


def program(name: str) -> str:
    """Return where a program is."""
    path = shutil.which(name)
    assert path is not None, f"{name} is missing: on Debian, apt-get install unzip libarchive-tools"
    return path
