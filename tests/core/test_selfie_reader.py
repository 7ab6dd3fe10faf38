from __future__ import annotations

import asyncio
import contextlib
import gc
import mmap
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from ninepic_async import APITimeoutError, InvalidInputError, NinePicError
from ninepic_async._contract.selfie import Selfie
from ninepic_async._core.selfie_reader import read_selfie
from ninepic_async._support.secret import Opaque
from tests.canned import failed, images, ok, pagination, rig

JPEG = b"\xff\xd8\xff\xe0selfie"
FACES = ok({"request_id": "r", **images([], pagination(0))})


class AsyncUpload:
    """An upload of a web framework, with its position at the end."""

    def __init__(self, content: Any = JPEG) -> None:
        self.content = content
        self.at_start = False

    async def seek(self, _: int) -> None:
        self.at_start = True

    async def read(self) -> Any:
        return self.content if self.at_start else b""


class AsyncPipe:
    async def seek(self, _: int) -> None:
        raise OSError("can't seek")

    async def read(self) -> bytes:
        return JPEG


class Delegate:
    """Has a plain ``read`` that returns an awaitable."""

    def read(self) -> Any:
        return AsyncPipe().read()


class BrokenUpload(AsyncUpload):
    async def read(self) -> bytes:
        raise RuntimeError("the client went away")


@pytest.fixture
def pipe() -> Iterator[tuple[Any, int]]:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file:
        yield file, writer
        with contextlib.suppress(OSError):
            os.close(writer)


async def content(source: Any) -> bytes:
    return (await read_selfie(Opaque(source))).content.reveal()


@pytest.mark.parametrize("source", [AsyncUpload(), AsyncPipe(), Delegate()], ids=lambda it: type(it).__name__)
async def test_async_files_are_read_from_their_start(source: Any) -> None:
    assert await content(source) == JPEG


async def test_an_async_file_of_anyio(tmp_path: Path) -> None:
    path = tmp_path / "me.jpg"
    path.write_bytes(JPEG)
    async with await anyio.open_file(path, "rb") as file:
        await file.read(3)
        assert await content(file) == JPEG


async def test_a_memory_map_is_read_whole_wherever_its_position_is(tmp_path: Path) -> None:
    path = tmp_path / "me.jpg"
    path.write_bytes(JPEG)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        mapped.read(5)
        assert await content(mapped) == JPEG


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (BrokenUpload(), "the client went away"),
        (AsyncUpload("text"), "a str: open it with 'rb'"),
        (AsyncUpload(b""), "empty"),
        (AsyncUpload(None), "None"),
    ],
)
async def test_an_unusable_async_file_is_an_input_error(source: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        await rig([]).event.face_search(source)


async def test_a_pipe_is_read_to_its_end_with_what_was_peeked_at(pipe: tuple[Any, int]) -> None:
    file, writer = pipe
    os.write(writer, JPEG[:6])
    assert file.peek(3)[:3] == JPEG[:3]
    reading = asyncio.ensure_future(content(file))
    await asyncio.sleep(0)
    os.write(writer, JPEG[6:])
    os.close(writer)
    assert await reading == JPEG


async def test_a_socket_is_read_though_all_of_it_was_buffered_already() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as file:
        theirs.sendall(JPEG)
        theirs.shutdown(socket.SHUT_WR)
        assert file.peek(1)[:3] == JPEG[:3]
        assert await content(file) == JPEG


@pytest.mark.parametrize("call", ["face_search", "start_clips", "clips"])
async def test_a_stalled_selfie_ends_with_the_deadline(pipe: tuple[Any, int], call: str) -> None:
    answers = rig([], timeout_s=0.1)
    calls: dict[str, Any] = {
        "face_search": lambda: answers.event.face_search(pipe[0]),
        "start_clips": lambda: answers.event.start_clips(selfie=pipe[0]),
        "clips": lambda: answers.event.clips(selfie=pipe[0]),
    }
    started = time.monotonic()
    with pytest.raises(APITimeoutError, match="reading the selfie took too long") as caught:
        await calls[call]()
    assert time.monotonic() - started < 2
    assert caught.value.attempts == 0
    assert answers.requests == []


async def test_stalled_selfies_do_not_hold_up_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(Path, "is_file", lambda _: release.wait(20))
    path = tmp_path / "me.jpg"
    path.write_bytes(JPEG)
    # More than the 40 threads that anyio shares between all of a program.
    stalled = [asyncio.ensure_future(content(path)) for _ in range(50)]
    await asyncio.sleep(0)
    assert await content(AsyncPipe()) == JPEG
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.shield(stalled[0])
    release.set()
    assert set(await asyncio.gather(*stalled)) == {JPEG}


def test_a_selfie_from_a_stalled_stdin_does_not_hold_up_the_end_of_the_program() -> None:
    program = (
        "import asyncio, sys\n"
        "from ninepic_async import NinePic, APITimeoutError\n"
        "async def main():\n"
        "    async with NinePic('key-key-key', 903, base_url='http://127.0.0.1:9', timeout=0.2) as client:\n"
        "        try:\n"
        "            await client.event(456).face_search(sys.stdin.buffer)\n"
        "        except APITimeoutError as error:\n"
        "            print(error)\n"
        "asyncio.run(main())\n"
    )
    reader, writer = os.pipe()
    try:
        os.write(writer, JPEG)
        ended = subprocess.run(
            [sys.executable, "-c", program], stdin=reader, capture_output=True, text=True, timeout=30
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "reading the selfie took too long" in ended.stdout


@pytest.mark.parametrize("call", ["face_search", "start_clips", "clips"])
async def test_an_error_that_is_kept_does_not_keep_its_selfie(call: str) -> None:
    answers = rig(lambda _: failed(413))
    kept = []
    sources = []
    for _ in range(3):
        source = AsyncUpload()
        sources.append(weakref.ref(source))
        with pytest.raises(NinePicError) as caught:
            await getattr(answers.event, call)(selfie=source)
        kept.append(caught.value)
        answers.requests.clear()
        del source, caught
    assert [source() for source in sources] == [None] * 3
    assert not [it for it in gc.get_objects() if type(it) is Selfie]
    assert len(kept) == 3
