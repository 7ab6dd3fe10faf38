"""Folders that are full, read-only, deleted, in use, or hold links."""

# ruff: noqa: ASYNC110, ASYNC221, ASYNC240 (tests may block, and poll)

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from ninepic_async import DownloadError
from ninepic_async._support.jsonl import parse_line, to_line
from ninepic_async.download.file_types import HEAD_BYTES
from ninepic_async.download.journal import FILE_NAME, Row, to_object
from ninepic_async.download.target_folder import Folder
from ninepic_async.sandbox.http.ranges import send

from . import host as bad
from .conftest import Fetch, files, open_files, rows
from .host import MIB, Host, answer, no_length


def mount(path: Path, options: str) -> None:
    path.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")


@pytest.fixture
def small_disk(to: Path) -> Iterator[Path]:
    mount(to, "size=4m")
    yield to
    subprocess.run(["umount", str(to)], check=True)


async def test_a_full_disk_ends_the_run_and_leaves_no_partial_file(
    small_disk: Path, fetch: Fetch, host: Host
) -> None:
    gallery = host.gallery(40, 300_000)
    before = open_files()
    with pytest.raises(DownloadError, match="No space left") as caught:
        await fetch(gallery, concurrency=4)
    assert isinstance(caught.value.__cause__, OSError)
    assert len(host.seen) < 30
    assert open_files() <= before + 8
    assert all(parse_line(line) for line in (small_disk / FILE_NAME).read_bytes().splitlines(keepends=True))
    whole = {name: body for name, body in files(small_disk).items() if not name.endswith(".part")}
    assert whole
    assert all(body == host.files[f"/{name}"] for name, body in whole.items())
    assert {row["name"] for row in rows(small_disk) if row["state"] == "done"} <= set(whole)

    subprocess.run(["mount", "-o", "remount,size=40m", str(small_disk)], check=True)
    report = await fetch(gallery)
    assert report.complete
    assert report.skipped > 0
    assert files(small_disk) == {
        f"{item.image_id}.jpg": host.files[f"/{item.image_id}.jpg"] for item in gallery
    }


async def test_a_disk_that_is_full_from_the_start(small_disk: Path, fetch: Fetch, host: Host) -> None:
    (small_disk / "ballast").write_bytes(b"x" * (4 * MIB - 8192))
    with pytest.raises(DownloadError, match="No space left"):
        await fetch(host.gallery(5, 300_000))


async def test_a_read_only_folder(to: Path, fetch: Fetch, host: Host) -> None:
    mount(to, "ro,size=1m")
    try:
        with pytest.raises(DownloadError, match="Read-only"):
            await fetch(host.gallery(3))
    finally:
        subprocess.run(["umount", str(to)], check=True)
    assert host.seen == []


async def test_a_folder_that_is_a_file(to: Path, fetch: Fetch, host: Host) -> None:
    to.write_bytes(b"")
    with pytest.raises(DownloadError, match=f"can't write to {to}: File exists") as caught:
        await fetch(host.gallery(3))
    assert isinstance(caught.value.__cause__, FileExistsError)


async def test_a_folder_may_be_a_symlink(to: Path, fetch: Fetch, host: Host) -> None:
    there = to.with_name("there")
    to.symlink_to(there)
    with pytest.raises(DownloadError, match=f"can't write to {to}: File exists"):
        await fetch(host.gallery(3))
    there.mkdir()
    assert (await fetch(host.gallery(3))).done == 3
    assert set(files(there)) == {"p00000.jpg", "p00001.jpg", "p00002.jpg"}


async def test_a_folder_that_is_deleted_during_the_run(to: Path, fetch: Fetch, host: Host) -> None:
    gallery = host.gallery(60)

    async def take_away(request: web.Request, body: bytes) -> web.StreamResponse:
        if len(host.seen) == 20:
            shutil.rmtree(to)
        return send(request, body, "image/jpeg", 0)

    host.always = take_away
    with pytest.raises(DownloadError, match="No such file"):
        await fetch(gallery, concurrency=2)
    assert len(host.seen) < 40
    assert (await fetch(gallery)).complete


def move(to: Path) -> None:
    to.rename(to.with_name("moved"))


def replace(to: Path) -> None:
    move(to)
    to.mkdir()


def forget(to: Path) -> None:
    (to / FILE_NAME).unlink()


@pytest.mark.parametrize("happen", [move, replace, forget])
async def test_a_folder_or_journal_that_is_moved_ends_the_run(
    happen: Callable[[Path], None], to: Path, fetch: Fetch, host: Host
) -> None:
    gallery = host.gallery(300)

    async def at_the_twentieth(request: web.Request, body: bytes) -> web.StreamResponse:
        if len(host.seen) == 20:
            happen(to)
        return send(request, body, "image/jpeg", 0)

    host.always = at_the_twentieth
    with pytest.raises(DownloadError, match="No such file"):
        await fetch(gallery, concurrency=2)
    assert len(host.seen) < 250  # under way, or waiting for the disk
    assert (await fetch(gallery[:5])).complete


async def test_a_second_run_on_one_folder_is_refused(to: Path, fetch: Fetch, host: Host) -> None:
    host.always = bad.limited(99, hold_s=0.2)
    first = asyncio.create_task(fetch(host.gallery(4)))
    while not host.seen:
        await asyncio.sleep(0.01)
    with pytest.raises(DownloadError, match="under way"):
        await fetch([])
    assert (await first).complete
    assert (await fetch([])).complete


async def test_symlinks_and_hard_links_do_not_lead_out_of_the_folder(
    to: Path, tmp_path: Path, fetch: Fetch, host: Host
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    to.mkdir()
    (to / "p00000.jpg").symlink_to(outside)
    (to / "p00001.jpg.part").symlink_to(outside)
    os.link(outside, to / "p00002.jpg.part")
    (to / "p00003.jpg.part").symlink_to(tmp_path / "not-there-yet")
    os.mkfifo(to / "p00004.jpg.part")
    gallery = host.gallery(5)
    assert (await fetch(gallery)).complete
    assert outside.read_bytes() == b"mine"
    assert not (tmp_path / "not-there-yet").exists()
    assert files(to) == {f"{item.image_id}.jpg": host.files[f"/{item.image_id}.jpg"] for item in gallery}
    assert not any(path.is_symlink() for path in to.iterdir())
    (to / "p00000.jpg").rename(tmp_path / "moved.jpg")
    (to / "p00000.jpg").symlink_to(tmp_path / "moved.jpg")
    assert (await fetch(gallery)).done == 1


async def test_a_journal_that_is_a_link_is_refused(to: Path, tmp_path: Path, fetch: Fetch) -> None:
    to.mkdir()
    (tmp_path / "outside").write_bytes(b"mine")
    (to / FILE_NAME).symlink_to(tmp_path / "outside")
    with pytest.raises(DownloadError):
        await fetch([])
    assert (tmp_path / "outside").read_bytes() == b"mine"


async def test_a_journal_that_is_not_a_regular_file_is_refused(to: Path, fetch: Fetch) -> None:
    to.mkdir()
    os.mkfifo(to / FILE_NAME)
    before = open_files()
    with pytest.raises(DownloadError, match="not a regular file"):
        await fetch([])
    assert open_files() == before


async def test_an_unreadable_journal_is_a_typed_error(
    to: Path, fetch: Fetch, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    to.mkdir()
    (to / FILE_NAME).write_bytes(b"{}\n")
    monkeypatch.setattr("ninepic_async.download.journal.os.lseek", broken)
    with pytest.raises(DownloadError, match=r"Input/output error \(at \.ninepic-journal"):
        await fetch([host.add("a")])


def test_rows_that_another_run_adds_before_the_lock_are_kept(
    to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Row(key="k", id="a", name="a.jpg", state="done", bytes=1)
    lock = fcntl.flock

    def get_the_lock_late(journal: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            with (to / FILE_NAME).open("ab") as other:
                other.write(to_line(to_object(row)))
        lock(journal, operation)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fcntl, "flock", get_the_lock_late)
    with Folder(to) as folder:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(DownloadError, match="No space"):
            folder.note([row])
        assert [found for _, found in folder.rows()] == [row]


async def test_a_folder_with_a_photos_name_fails_that_photo_alone(to: Path, fetch: Fetch, host: Host) -> None:
    (to / "p00001.jpg").mkdir(parents=True)
    (to / "p00002.jpg.part").mkdir(parents=True)
    report = await fetch(host.gallery(4))
    assert report.done == 2
    assert {row.id for row in report.failed} == {"p00001", "p00002"}


async def test_a_relative_folder_survives_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Folder("photos") as folder:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        folder.note([Row(key="k", id="a", name="a.jpg", state="failed")])
        await folder.sync()
    monkeypatch.chdir(tmp_path)
    assert len(rows(Path("photos"))) == 1


def test_a_relative_folder_in_a_deleted_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(DownloadError, match="can't write to photos: No such file"), Folder("photos"):
        pass


def test_a_closed_folder_leaves_nothing_open(to: Path) -> None:
    before = open_files()
    with Folder(to):
        assert open_files() == before + 2
    assert open_files() == before


def test_a_forked_process_does_not_keep_the_lock(to: Path) -> None:
    with Folder(to) as folder:
        inherited = os.dup(folder.journal.descriptor)  # as a child has it
    try:
        with Folder(to), pytest.raises(DownloadError, match="under way"), Folder(to):
            pass
    finally:
        os.close(inherited)


async def test_a_disk_that_can_not_be_read_ends_the_run_with_a_typed_error(
    fetch: Fetch, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = os.read

    def broken(descriptor: int, size: int) -> bytes:
        if size == HEAD_BYTES:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", broken)
    with pytest.raises(DownloadError, match="Input/output error"):
        await fetch([host.add("a", 300, no_length)])


async def test_a_disk_that_fails_on_close_ends_the_run_with_a_typed_error(
    fetch: Fetch, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = os.close

    def broken(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "close", broken)
    with pytest.raises(DownloadError, match=r"Input/output error \(at a\.jpg\)"):
        await fetch([host.add("a"), host.add("b", 2000, answer(404))])


async def test_the_loop_does_not_wait_for_the_disk(
    fetch: Fetch, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: set[int] = set()

    def slow(_: int) -> None:
        waiting.add(threading.get_ident())

    monkeypatch.setattr(os, "fsync", slow)
    monkeypatch.setattr(os, "fdatasync", slow)
    assert (await fetch([host.add("a")])).done == 1
    assert waiting
    assert threading.get_ident() not in waiting


async def test_a_file_system_that_can_not_sync_folders_is_accepted(
    fetch: Fetch, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def of_files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", of_files_only)
    assert (await fetch([host.add("a")])).done == 1
