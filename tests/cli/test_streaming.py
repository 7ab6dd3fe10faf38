"""Long lists are written page by page, and no item is kept."""

from __future__ import annotations

import gc
import os
import pty
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Iterator
from typing import TextIO

import pytest

from ninepic_async import ImageItem, Page, PaginationInfo
from ninepic_async.cli.lists import write_list
from ninepic_async.cli.options import RowOutput
from ninepic_async.cli.tables import PHOTOS
from ninepic_async.cli.terminal import Noun

PAGE = 100


async def pages(count: int) -> AsyncGenerator[Page[ImageItem], None]:
    for number in range(1, count + 1):
        ids = (f"{number * PAGE + place:036}" for place in range(PAGE))
        yield Page(
            items=[
                ImageItem(image_id=each, img_url=f"https://x/{each}", thumbnail_url=f"https://x/{each}")
                for each in ids
            ],
            pagination=PaginationInfo(
                total=count * PAGE,
                current_page=number,
                total_pages=count,
                has_next_page=number < count,
                has_previous_page=number > 1,
                page_size=PAGE,
            ),
        )


@pytest.fixture
def nowhere() -> Iterator[TextIO]:
    with open(os.devnull, "w") as stream:
        yield stream


@pytest.fixture
def terminal_nowhere() -> Iterator[TextIO]:
    master, slave = pty.openpty()

    def swallow() -> None:
        try:
            while os.read(master, 65536):
                pass
        except OSError:
            return

    reader = threading.Thread(target=swallow)
    reader.start()
    with os.fdopen(slave, "w") as stream:
        yield stream
    reader.join()
    os.close(master)


@pytest.mark.parametrize(
    ("stream", "json"), [("nowhere", True), ("nowhere", False), ("terminal_nowhere", False)]
)
async def test_a_page_is_let_go_of_once_it_is_written(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, stream: str, json: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", request.getfixturevalue(stream))
    seen: list[weakref.ref[ImageItem]] = []
    alive: list[int] = []

    async def watched() -> AsyncGenerator[Page[ImageItem], None]:
        async for page in pages(4):
            gc.collect()
            alive.append(sum(photo() is not None for photo in seen))
            seen.extend(weakref.ref(photo) for photo in page.items)
            yield page

    await write_list(watched(), PHOTOS, Noun("photo"), RowOutput(json=json))
    assert len(seen) == 4 * PAGE
    assert max(alive) <= PAGE, "at most the page before is alive, until its variable is overwritten"


async def test_a_page_is_out_before_the_next_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[int] = []

    async def watched() -> AsyncGenerator[Page[ImageItem], None]:
        async for page in pages(3):
            lines.append(capsys.readouterr().out.count("\n"))
            yield page

    await write_list(watched(), PHOTOS, Noun("photo"), RowOutput(json=True))
    assert lines == [0, PAGE, PAGE]
