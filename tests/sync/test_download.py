from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import (
    ConfigError,
    DownloadError,
    DownloadProgress,
    Event,
    ImageItem,
    InvalidInputError,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_progress_of_a_download_is_reported_in_the_callers_thread(
    event: Event, sandbox: Sandbox, tmp_path: Path
) -> None:
    told: list[tuple[DownloadProgress, int]] = []
    report = event.download(
        event.originals(bib=sandbox.bibs[0]),
        tmp_path,
        on_progress=lambda progress: told.append((progress, threading.get_ident())),
    )
    report.raise_for_failures()
    assert report.done == len(names(tmp_path)) > 0
    assert {thread for _, thread in told} == {threading.get_ident()}
    assert told[-1][0].done == report.done
    again = event.download(event.originals(bib=sandbox.bibs[0]), tmp_path)
    assert (again.done, again.skipped) == (0, report.done)


def test_a_generator_over_a_blocking_list_can_be_downloaded(event: Event, tmp_path: Path) -> None:
    photos = event.photos().collect(limit=6)
    wanted = {photo.image_id for photo in photos[::2]}
    chosen = (photo for photo in event.photos() if photo.image_id in wanted)
    report = event.download(chosen, tmp_path, rendition="thumbnail")
    assert (report.done, report.failed) == (3, ())
    assert {Path(name).stem for name in names(tmp_path)} == wanted


def test_a_generator_runs_in_one_daemon_thread(event: Event, tmp_path: Path) -> None:
    photos = event.photos().collect(limit=250)  # more than one batch
    seen: list[threading.Thread] = []
    ended = threading.Event()

    def source() -> Iterator[ImageItem]:
        try:
            for photo in photos:
                seen.append(threading.current_thread())
                yield photo
        finally:
            seen.append(threading.current_thread())
            ended.set()

    assert event.download(source(), tmp_path, rendition="thumbnail").done == 250
    assert ended.wait(10)
    assert len(set(seen)) == 1
    assert seen[0].daemon
    assert seen[0] is not threading.current_thread()


def test_an_item_is_downloaded_before_the_generator_gives_the_next(event: Event, tmp_path: Path) -> None:
    photos, is_done = event.photos().collect(limit=3), threading.Event()

    def source() -> Iterator[ImageItem]:
        for photo in photos:
            is_done.clear()
            yield photo
            assert is_done.wait(30), "the download waits for more items"

    def note(progress: DownloadProgress) -> None:
        if progress.done:
            is_done.set()

    report = event.download(source(), tmp_path, rendition="thumbnail", on_progress=note)
    assert report.done == 3


def test_a_generator_is_closed_when_the_download_fails(event: Event, tmp_path: Path) -> None:
    photos, ended = event.photos().collect(limit=300), threading.Event()

    def source() -> Iterator[ImageItem]:
        try:
            yield from photos
        finally:
            ended.set()

    def refuse(progress: DownloadProgress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError):
        event.download(source(), tmp_path, rendition="thumbnail", on_progress=refuse)
    assert ended.wait(10)


def test_a_thread_that_cannot_be_started_for_a_source_is_a_typed_error(
    event: Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        if thread.name == "ninepic-source":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(ConfigError, match="can't start new thread"):
        event.download((photo for photo in event.photos()), tmp_path)


@pytest.mark.parametrize("rendition", ["thumbnail", "original"])
def test_a_report_lists_its_files(rendition: Any, event: Event, tmp_path: Path) -> None:
    photos = event.photos().collect(limit=3)
    report = event.download(photos, tmp_path / "photos", rendition=rendition)
    listed = report.files()
    assert isinstance(listed, Iterator)
    found = list(listed)
    assert sorted(file.id for file in found) == sorted(photo.image_id for photo in photos)
    for file in found:
        assert file.path.parent == tmp_path / "photos"
        assert file.path.stat().st_size == file.bytes > 0


def test_a_face_search_can_be_downloaded(event: Event, sandbox: Sandbox, tmp_path: Path) -> None:
    search = event.face_search(sandbox.selfie(sandbox.bibs[0]))
    assert event.download(search, tmp_path, rendition="thumbnail").done == search.total > 0


@pytest.mark.parametrize("source", [5, None, "photos", b"photos", object()])
def test_a_source_that_can_not_be_read_is_refused(source: Any, event: Event, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=f"source is {type(source).__name__}: give a Pager"):
        event.download(source, tmp_path)


async def told_later(_: object) -> None: ...


@pytest.mark.parametrize("on_progress", [1, told_later])
def test_an_on_progress_that_can_not_be_called_is_refused(
    on_progress: Any, event: Event, tmp_path: Path, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidInputError, match="on_progress"):
        event.download(event.photos(), tmp_path, on_progress=on_progress)
    assert not sandbox.requests


def test_an_error_in_on_progress_ends_the_download(event: Event, tmp_path: Path) -> None:
    def refuse(progress: DownloadProgress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        event.download(event.photos(), tmp_path, rendition="thumbnail", on_progress=refuse)
    assert event.download([], tmp_path).complete  # the folder is free again
    assert event.ping().status == "ok"


def test_errors_of_a_download_reach_the_caller(event: Event, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="concurrency"):
        event.download([], tmp_path, concurrency=0)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError):
        event.download([], tmp_path / "file")


@pytest.mark.parametrize("error", [LookupError("broken"), SystemExit("broken")])
def test_items_before_an_error_in_a_generator_are_downloaded(
    error: BaseException, event: Event, tmp_path: Path
) -> None:
    photos = event.photos().collect(limit=6)

    def source() -> Iterator[ImageItem]:
        yield from photos
        raise error

    with pytest.raises(type(error), match="broken"):
        event.download(source(), tmp_path, rendition="thumbnail")
    assert event.ping().status == "ok"
    assert {Path(name).stem for name in names(tmp_path)} == {photo.image_id for photo in photos}
