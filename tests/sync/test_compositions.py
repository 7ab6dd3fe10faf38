"""Operations made of several calls: memories, zips and watches."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest

from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import Event, ImageItem, InvalidInputError, Memories, NinePic

WITHIN_S = 10.0


def test_memories_are_gathered_downloaded_and_signed(event: Event, sandbox: Sandbox, tmp_path: Path) -> None:
    bib = sandbox.bibs[0]
    memories = event.memories(bib=bib, search=event.face_search(sandbox.selfie(bib)))
    assert isinstance(memories, Memories)
    assert {photo.image_id for photo in event.bib_search(bib)} <= {photo.image_id for photo in memories}
    assert {name: part.state for name, part in memories.parts.items()} == {"bib": "done", "selfie": "done"}
    assert event.download(memories, tmp_path, rendition="thumbnail").done == len(memories)
    links = event.originals(photos=memories).collect()
    assert [Path(link.filename).stem for link in links] == [photo.image_id for photo in memories]


def test_a_zip_of_a_generator_comes_in_chunks(event: Event) -> None:
    def some() -> Iterator[ImageItem]:
        yield from islice(event.photos(), 5)

    chunks = event.zip(some(), rendition="thumbnail")
    assert isinstance(chunks, Iterator)
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 5
    with pytest.raises(InvalidInputError):
        event.zip([], on_failure=cast("Any", "ignore"))


def test_a_watch_gives_what_is_there_and_goes_on_from_its_cursor(event: Event) -> None:
    seen: list[str] = []
    cursor = None
    for change in event.watch(since="start", every=0.05):
        seen += [photo.image_id for photo in change.added]
        cursor = change.cursor
        if len(seen) == change.total:
            break
    assert len(set(seen)) == len(seen) == 1000
    later = event.watch(since=cursor, every=0.05)
    later.close()
    with pytest.raises(InvalidInputError):
        event.watch(every=-1)


def tasks_of(client: NinePic) -> int:
    async def count() -> int:
        return len(asyncio.all_tasks())

    return client._portal.call(count)


def leave_a_watch(event: Event) -> None:
    for _ in event.watch(since="start", every=60):
        break


def leave_a_zip(event: Event) -> None:
    next(event.zip(event.photos(), rendition="thumbnail"))


def never_begin(event: Event) -> None:
    event.zip(event.photos())
    event.watch()


@pytest.mark.parametrize("leave", [leave_a_watch, leave_a_zip, never_begin])
def test_leaving_early_leaves_no_task(leave: Callable[[Event], None], client: NinePic, event: Event) -> None:
    event.ping()
    idle = tasks_of(client)
    leave(event)
    deadline = time.monotonic() + WITHIN_S
    while tasks_of(client) > idle and time.monotonic() < deadline:
        time.sleep(0.01)
    assert tasks_of(client) == idle
    assert event.ping().status == "ok"
