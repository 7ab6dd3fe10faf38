"""Raise Ctrl-C at every instruction where CPython can deliver it, one run for each."""

from __future__ import annotations

import dis
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FrameType
from typing import Any

import pytest

from ninepic_async.sync import NinePic

from .reluctant import ReluctantServer

WITHIN_S = 5.0
WATCHED = ("ninepic_async/sync/", "/anyio/", "/asyncio/", "/concurrent/", "/contextlib.py", "/threading.py")


@cache
def instructions(code: CodeType) -> dict[int, tuple[str, object]]:
    """Return each instruction's name and its exception handlers, by offset."""
    listing: Any = dis.Bytecode(code)
    handlers = listing.exception_entries
    return {
        one.offset: (
            one.opname,
            [entry.target for entry in handlers if entry.start <= one.offset < entry.end],
        )
        for one in listing
    }


def callers(frame: FrameType | None) -> Iterator[CodeType]:
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def is_watched(frame: FrameType) -> bool:
    # `Thread.start` itself is not safe against Ctrl-C while it waits for the new thread.
    return (
        any(name in frame.f_code.co_filename for name in WATCHED)
        and threading.Thread.start.__code__ not in callers(frame)
    )  # fmt: skip


class CtrlC:
    """Raises KeyboardInterrupt at the instruction with that number, counted over all watched frames."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.came = False
        self._last: dict[FrameType, tuple[str, object]] = {}

    def __enter__(self) -> None:
        self._other = sys.gettrace()
        sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._other)
        self._last.clear()

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        if not is_watched(frame):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and not self.came:
            name, handlers = self._last.get(frame, ("", None))
            self._last[frame] = here = instructions(frame.f_code)[frame.f_lasti]
            # The exception counts as raised by the instruction before, so that one needs the same handlers.
            if name.startswith(("CALL", "RESUME", "JUMP_BACKWARD")) and here[1] == handlers:
                self._pass()
        return self._trace

    def _pass(self) -> None:
        self.left -= 1
        if self.left < 0:
            self.came = True
            raise KeyboardInterrupt


def ping(client: NinePic) -> str:
    return client.event(2).ping().status


def look_at_one_page(client: NinePic) -> None:
    pages = client.event(2).photos().pages()
    next(pages)
    pages.close()


def close(client: NinePic) -> None:
    client.close()


def in_another_thread(act: Callable[[NinePic], object], client: NinePic) -> object:
    gave: list[object] = []
    thread = threading.Thread(target=lambda: gave.append(act(client)), daemon=True)
    thread.start()
    thread.join(WITHIN_S)
    assert gave, "it waits for good"
    return gave[0]


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
)  # a loop that was interrupted while it was created
@pytest.mark.parametrize("is_used", [True, False], ids=["used", "new"])
@pytest.mark.parametrize("act", [ping, look_at_one_page, close])
def test_ctrl_c_at_any_instruction_blocks_no_other_thread(
    act: Callable[[NinePic], object], is_used: bool, reluctant: ReluctantServer
) -> None:
    with CtrlC(sys.maxsize), NinePic("key", 1, base_url=reluctant.base_url) as client:
        act(client)  # Python 3.12 does not trace instructions the first time
    number = 0
    ctrl_c = CtrlC(number)
    while number == 0 or ctrl_c.came:
        client, ctrl_c = NinePic("key", 1, base_url=reluctant.base_url), CtrlC(number)
        if is_used:
            ping(client)
        try:
            with ctrl_c:
                act(client)
        except KeyboardInterrupt:
            assert ctrl_c.came
        if act is not close:
            assert in_another_thread(ping, client) == "ok"
        in_another_thread(close, client)
        assert client._portal._thread is None or client._portal._thread.has_ended
        number += 1
    assert number > 10 or not is_used
