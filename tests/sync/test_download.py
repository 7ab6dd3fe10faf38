from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import DownloadError, DownloadProgress, Event, ImageItem, InvalidInputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_blocking_fetch_is_one_call_with_progress_in_the_callers_thread(
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


def test_a_generator_over_a_blocking_list_can_be_the_source(event: Event, tmp_path: Path) -> None:
    photos = event.photos().collect(limit=6)
    wanted = {photo.image_id for photo in photos[::2]}
    chosen = (photo for photo in event.photos() if photo.image_id in wanted)
    report = event.download(chosen, tmp_path, rendition="thumbnail")
    assert (report.done, report.failed) == (3, ())
    assert {Path(name).stem for name in names(tmp_path)} == wanted


def test_a_face_search_can_be_the_source(event: Event, sandbox: Sandbox, tmp_path: Path) -> None:
    search = event.face_search(sandbox.selfie(sandbox.bibs[0]))
    assert event.download(search, tmp_path, rendition="thumbnail").done == search.total > 0


@pytest.mark.parametrize("source", [5, None, "photos", b"photos", object()])
def test_what_nobody_can_read_is_refused_as_in_the_async_face(
    source: Any, event: Event, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match=f"source is {type(source).__name__}: give a Pager"):
        event.download(source, tmp_path)


async def told_later(_: object) -> None: ...


@pytest.mark.parametrize("on_progress", [1, told_later])
def test_progress_that_nobody_could_be_told_is_refused(
    on_progress: Any, event: Event, tmp_path: Path, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidInputError, match="on_progress"):
        event.download(event.photos(), tmp_path, on_progress=on_progress)
    assert not sandbox.requests


def test_what_the_caller_raises_on_progress_ends_the_fetch(event: Event, tmp_path: Path) -> None:
    def refuse(progress: DownloadProgress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        event.download(event.photos(), tmp_path, rendition="thumbnail", on_progress=refuse)
    assert event.download([], tmp_path).complete  # the folder is free again
    assert event.ping().status == "ok"


def test_errors_come_through(event: Event, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="concurrency"):
        event.download([], tmp_path, concurrency=0)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError):
        event.download([], tmp_path / "file")


@pytest.mark.parametrize("error", [LookupError("broken"), SystemExit("broken")])
def test_what_a_broken_generator_gave_is_fetched(error: BaseException, event: Event, tmp_path: Path) -> None:
    photos = event.photos().collect(limit=6)

    def source() -> Iterator[ImageItem]:
        yield from photos
        raise error

    with pytest.raises(type(error), match="broken"):
        event.download(source(), tmp_path, rendition="thumbnail")
    assert event.ping().status == "ok"
    assert {Path(name).stem for name in names(tmp_path)} == {photo.image_id for photo in photos}
