from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.gallery import thumbnail_pool, write_gallery
from ninepic_async.gallery.scan import File
from ninepic_async.gallery.thumbnail_pool import ClosedError, MemoryBudget, ThumbnailPool
from ninepic_async.gallery.thumbnails import PhotoInfo
from ninepic_async.gallery.worker_process import InThisProcess, WorkerProcess

from .pictures import draw, draw_many

MIB = 1024 * 1024


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[OpenFolder, OpenFolder]]:
    with OpenFolder.open(tmp_path) as photos, photos.subfolder("thumbnails") as thumbnails:
        yield photos, thumbnails


def allow(_: int) -> bool:
    return True


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_process_makes_the_same_thumbnail_as_this_one(
    tmp_path: Path, folders: tuple[OpenFolder, OpenFolder]
) -> None:
    draw(tmp_path / "a.jpg", (900, 600))
    worker = WorkerProcess(*folders)
    try:
        worker.wait_until_ready()
        assert worker.make("a.jpg", "process.jpg", allow) == PhotoInfo(width=900, height=600)
        assert worker.make("missing.jpg", "missing.jpg", allow).error == "No such file or directory"
    finally:
        worker.close()
    assert InThisProcess(*folders).make("a.jpg", "this.jpg", allow) == PhotoInfo(width=900, height=600)
    made = tmp_path / "thumbnails"
    assert (made / "process.jpg").read_bytes() == (made / "this.jpg").read_bytes()


def test_names_of_any_bytes_reach_the_process(tmp_path: Path, folders: tuple[OpenFolder, OpenFolder]) -> None:
    name = os.fsdecode(b"latin-\xe9\n\"'.jpg")
    draw(tmp_path / name, (90, 60))
    worker = WorkerProcess(*folders)
    try:
        worker.wait_until_ready()
        assert worker.make(name, "a.jpg", allow).width == 90
    finally:
        worker.close()


def test_a_decoder_that_does_not_answer_is_killed(
    tmp_path: Path, folders: tuple[OpenFolder, OpenFolder]
) -> None:
    draw(tmp_path / "a.jpg")
    worker = WorkerProcess(*folders, seconds=20.0)
    try:
        worker.wait_until_ready()
        worker._seconds = 0.2
        os.kill(worker._process.pid, signal.SIGSTOP)
        with pytest.raises(EOFError, match="more than 0 s"):
            worker.make("a.jpg", "a.jpg", allow)
    finally:
        worker.close()


def test_a_decoder_that_crashes_costs_its_photo_only(
    tmp_path: Path, folders: tuple[OpenFolder, OpenFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_many(tmp_path, 12)
    real = WorkerProcess.make
    crashed: list[str] = []

    def make(self: WorkerProcess, photo: str, thumbnail: str, ask: Callable[[int], bool]) -> PhotoInfo:
        if not crashed:
            crashed.append(photo)
            self.kill()
        return real(self, photo, thumbnail, ask)

    monkeypatch.setattr(WorkerProcess, "make", make)
    with ThumbnailPool(*folders, jobs=12) as pool:
        made = {photo.name: info.error for photo, info in pool.make_all(files(tmp_path))}
    assert len(made) == 12
    assert {name for name, error in made.items() if error} == set(crashed)
    assert made[crashed[0]] == "the decoder crashed"


def files(folder: Path) -> list[File]:
    return [File(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in folder.glob("*.jpg")]


@pytest.mark.parametrize("how", ["frozen", "no interpreter", "can't start", "does not run"])
def test_thumbnails_are_made_in_this_process_where_no_other_starts(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_many(tmp_path, 2)
    match how:
        case "frozen":
            monkeypatch.setattr(sys, "frozen", True, raising=False)
        case "no interpreter":
            monkeypatch.setattr(sys, "executable", None)
        case "can't start":
            monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
        case _:
            monkeypatch.setattr(sys, "executable", "/bin/false")
    assert write_gallery(tmp_path).done == 2


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    draw_many(tmp_path, 20)
    before = children()
    write_gallery(tmp_path)
    assert children() <= before


def children() -> set[int]:
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= set(map(int, (task / "children").read_text().split()))
    return found


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    draw_many(tmp_path, 3)
    script = tmp_path / "script.py"
    script.write_text(
        "from ninepic_async.gallery import write_gallery\n"
        f"print('began', flush=True)\nprint(write_gallery({str(tmp_path)!r}).done)\n"
    )
    run = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=50, check=False, cwd=tmp_path
    )
    assert run.stdout.split() == ["began", "3"], run.stderr


def test_nothing_is_imported_from_the_folder_of_photos(tmp_path: Path) -> None:
    draw_many(tmp_path, 1)
    for module in ("json", "sys", "PIL", "attrs", "ninepic_async"):
        (tmp_path / f"{module}.py").write_text("open('was_imported', 'w').close()")
    code = f"from ninepic_async.gallery import write_gallery; print(write_gallery({str(tmp_path)!r}).done)"
    # -P: the interpreter of the caller does not look there either.
    run = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd=tmp_path,
    )
    assert run.stdout.strip() == "1", run.stderr
    assert not (tmp_path / "was_imported").exists()


def test_ctrl_c_ends_a_run_whose_decoder_hangs(tmp_path: Path) -> None:
    draw_many(tmp_path, 3)
    code = (
        "import os, signal, sys\n"
        "from ninepic_async.gallery import worker_process, write_gallery\n"
        "real = worker_process.WorkerProcess.make\n"
        "def make(self, *arguments):\n"
        "    os.kill(self._process.pid, signal.SIGSTOP)\n"
        "    print('hangs', flush=True)\n"
        "    return real(self, *arguments)\n"
        "worker_process.WorkerProcess.make = make\n"
        "write_gallery(sys.argv[1])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hangs\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors


def test_leaving_ends_what_waits_for_memory(tmp_path: Path, folders: tuple[OpenFolder, OpenFolder]) -> None:
    draw_many(tmp_path, 3)
    with ThumbnailPool(*folders, jobs=3) as pool:
        pool._budget.take(pool._budget.limit)
        waiting = pool._threads.submit(pool.make, files(tmp_path)[0])
        until(lambda: pool._all)
    assert isinstance(waiting.exception(timeout=20), ClosedError)


def test_memory_is_shared_up_to_the_limit() -> None:
    budget = MemoryBudget(100)
    assert budget.take(60)
    assert not budget.take(101)
    assert budget.take(40)
    second = threading.Thread(target=budget.take, args=(50,), daemon=True)
    second.start()
    budget.give_back(40)
    second.join(timeout=0.05)
    assert second.is_alive()
    budget.give_back(60)
    second.join(timeout=20)
    assert not second.is_alive()


def test_all_processes_together_stay_below_512_mib() -> None:
    for processors in (1, 2, 4, 64):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "cpu_count", lambda processors=processors: processors)
            pool = ThumbnailPool(OpenFolder(Path()), OpenFolder(Path()), jobs=1000)
        with pool:
            assert pool._budget.limit + pool._size * 40 * MIB <= 512 * MIB
            assert pool._size <= processors
            assert pool._budget.limit >= 350 * MIB


def test_the_kernel_refuses_more_memory_than_was_allowed() -> None:
    code = (
        "from ninepic_async.gallery.thumbnail_worker import _MemoryLimit\n"
        "limit = _MemoryLimit()\n"
        "limit.set(200 * 1024 * 1024)\n"
        "kept = bytearray(190 * 1024 * 1024)\n"
        "del kept\n"
        "limit.set(0)\n"
        "try:\n"
        "    bytearray(190 * 1024 * 1024)\n"
        "except MemoryError:\n"
        "    print('refused')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False
    )
    expected = "refused\n" if sys.platform == "linux" else ""  # others count memory in another way
    assert run.stdout == expected, run.stderr


def test_a_few_photos_start_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def start(*folders: OpenFolder) -> WorkerProcess:
        started.append(WorkerProcess(*folders))
        return started[-1]

    draw_many(tmp_path, 5)
    monkeypatch.setattr(thumbnail_pool, "WorkerProcess", start)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert write_gallery(tmp_path).done == 5
    assert len(started) == 1
