"""Disks and systems that lack a function, hold on to a file, or run out of descriptors."""

# ruff: noqa: ASYNC221 (tests may block)

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ninepic_async
from ninepic_async.download import durable, finish

from .conftest import Fetch, files
from .host import Host, answer


@pytest.fixture
def immutable(to: Path) -> Iterator[Path]:
    to.mkdir()
    path = to / "p00001.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    command = ["chattr", "+i", str(path)]
    if shutil.which("chattr") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file can be made immutable here")
    yield path
    subprocess.run(["chattr", "-i", str(path)], check=True)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "_RETRY_AFTER_S", (0.01, 0.02, 0.03))


async def test_an_immutable_part_fails_one_file(to: Path, fetch: Fetch, host: Host, immutable: Path) -> None:
    part = immutable.with_name("p00002.jpg.part")
    part.write_bytes(b"x")
    subprocess.run(["chattr", "+i", str(part)], check=True)
    try:
        report = await fetch(host.gallery(5))
    finally:
        subprocess.run(["chattr", "-i", str(part)], check=True)
    assert report.done == 4
    (failed,) = report.failed
    assert (failed.id, failed.error) == ("p00002", "p00002.jpg can't be written: Operation not permitted")


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EBUSY, errno.EINVAL])
async def test_one_name_that_is_held_fails_one_file(
    number: int, fetch: Fetch, host: Host, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, replace = os.link, os.replace
    refuse = refusing("p00001.jpg", number)
    monkeypatch.setattr(os, "link", lambda source, to, **more: refuse(to) or link(source, to, **more))
    monkeypatch.setattr(os, "replace", lambda source, to, **more: refuse(to) or replace(source, to, **more))
    impatient(monkeypatch)
    report = await fetch(host.gallery(5))
    assert report.done == 4
    (failed,) = report.failed
    assert failed.id == "p00001"
    assert os.strerror(number) in failed.error
    assert len(files(to)) == 4


async def test_a_name_that_is_held_for_a_moment_is_tried_again(
    fetch: Fetch, host: Host, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, replace = os.link, os.replace
    refuse = refusing("p00001.jpg", errno.EACCES, times=3)
    monkeypatch.setattr(os, "link", lambda source, to, **more: refuse(to) or link(source, to, **more))
    monkeypatch.setattr(os, "replace", lambda source, to, **more: refuse(to) or replace(source, to, **more))
    impatient(monkeypatch)
    report = await fetch(host.gallery(3))
    assert (report.done, report.failed) == (3, ())
    assert len(files(to)) == 3


def refusing(name: str, number: int, times: int = 1000) -> Callable[[object], None]:
    left = times

    def refuse(path: object) -> None:
        nonlocal left
        if str(path).endswith(name) and left:
            left -= 1
            raise OSError(number, os.strerror(number))

    return refuse


def unsupported(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL])
@pytest.mark.parametrize(
    ("module", "function"), [(fcntl, "flock"), (os, "fsync"), (os, "fdatasync"), (os, "link")]
)
async def test_a_file_system_may_lack_a_function(
    module: object,
    function: str,
    number: int,
    fetch: Fetch,
    host: Host,
    to: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if (function, number) == ("link", errno.ENOLCK):
        number = errno.EPERM
    monkeypatch.setattr(module, function, unsupported(number))
    monkeypatch.setattr(durable, "_logged", set())
    with caplog.at_level(logging.WARNING, "ninepic_async"):
        report = await fetch(host.gallery(3))
        assert (await fetch(host.gallery(4))).done == 1
    assert (report.done, report.failed) == (3, ())
    told = [record.getMessage() for record in caplog.records if "does not support" in record.getMessage()]
    assert len(told) == (0 if function == "link" else 1)
    assert all(function in text for text in told)


@pytest.mark.parametrize("function", ["fsync", "fdatasync"])
async def test_a_disk_that_fails_to_sync_is_an_error(
    function: str, fetch: Fetch, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, function, unsupported(errno.EIO))
    with pytest.raises(ninepic_async.DownloadError, match="Input/output error"):
        await fetch(host.gallery(3))


@pytest.mark.parametrize(("limit", "concurrency"), [(64, "16"), (160, "16"), (256, "auto"), (100, "auto")])
async def test_few_file_descriptors_are_enough(limit: int, concurrency: str, host: Host, to: Path) -> None:
    gallery = host.gallery(300, 20_000)
    report = await limited_run(limit, concurrency, host, to, [item.image_id for item in gallery])
    assert report == "300 done, 0 failed"
    assert len(files(to)) == 300


async def test_running_out_of_descriptors_slows_down(host: Host, to: Path) -> None:
    gallery = host.gallery(200, 20_000)
    names = [item.image_id for item in gallery]
    # What the rest of the program opens later is not known when the run starts.
    report = await limited_run(120, "16", host, to, names, taken_later=80)
    assert report == "200 done, 0 failed"


async def limited_run(
    limit: int, concurrency: str, host: Host, to: Path, names: list[str], taken_later: int = 0
) -> str:
    script = str(Path(__file__).with_name("limited_run.py"))
    arguments = [str(limit), concurrency, str(taken_later), host.origin, str(to), *names]
    environment = {**os.environ, "PYTHONPATH": str(Path(ninepic_async.__file__).parents[1])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, *arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode().strip()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, 509, *range(520, 531)])
async def test_passing_trouble_of_any_host_is_retried(status: int, fetch: Fetch, host: Host) -> None:
    report = await fetch([host.add("a", 2000, answer(status))])
    assert report.failed == ()
    assert len(host.seen) == 2


@pytest.mark.parametrize("status", [402, 404, 405, 413, 451, 501, 505])
async def test_other_statuses_are_final(status: int, fetch: Fetch, host: Host) -> None:
    report = await fetch([host.add("a", 2000, answer(status))])
    assert str(status) in report.failed[0].error
    assert len(host.seen) == 1


async def test_macos_empties_the_drives_cache_once_a_batch(
    fetch: Fetch, host: Host, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[object] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", lambda _, command: commands.append(command))
    report = await fetch(host.gallery(40), concurrency=16)
    assert report.done == 40
    assert set(commands) == {51}
    assert 2 <= len(commands) <= 41
