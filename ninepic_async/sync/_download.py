"""A bulk fetch from a blocking caller: one call, with progress told in the caller's own thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import anyio.to_thread

from ninepic_async.download.report import DownloadProgress, DownloadReport
from ninepic_async.download.run import OnProgress, check_on_progress
from ninepic_async.models import Clip, ImageItem, PresignedUrlItem
from ninepic_async.sync._pagination import FaceSearch, Pager, behind
from ninepic_async.sync._portal import Portal

T = TypeVar("T")

Item = ImageItem | PresignedUrlItem | Clip
Source = Pager[ImageItem] | Pager[PresignedUrlItem] | FaceSearch | Iterable[Item]
Fetch = Callable[[OnProgress | None], Awaitable[DownloadReport]]

_WAITING_AT_MOST: Final = 16
"""Progress that a slow caller has not looked at yet; what is older than that is of no interest."""
_READ_AT_ONCE: Final = 100
_END_WITHIN_S: Final = 0.3


class _ExitError(Exception):
    """Holds a `SystemExit` on its way through the loop, which would end with it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def in_the_loop(source: object) -> Any:
    """Give what the bulk fetcher can read there; it refuses in words what nobody can read."""
    if isinstance(source, Pager | FaceSearch):
        return behind(source)
    if isinstance(source, Iterable) and not isinstance(source, str | bytes):
        return _read_in_thread(source)
    return source


async def _read_in_thread(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Read an iterable that may block, such as a generator over a blocking pager, beside the loop."""
    take = partial(_take, iter(items))
    broken: Exception | None = None
    while broken is None:
        some, broken = await anyio.to_thread.run_sync(take, abandon_on_cancel=True)
        for item in some:
            yield item
        if not some and broken is None:
            return
    raise broken


def _take(iterator: Iterator[T]) -> tuple[list[T], Exception | None]:
    """Take a few items, and the error that came behind them; what came before it counts."""
    some: list[T] = []
    try:
        some.extend(islice(iterator, _READ_AT_ONCE))
    except Exception as error:
        return some, error
    except BaseException as error:
        return some, _ExitError(error)
    return some, None


def run_download(portal: Portal, fetch: Fetch, tell: OnProgress | None) -> DownloadReport:
    """Wait for a bulk fetch, and tell of its progress between one step and the next.

    Raises:
        InvalidInputError: ``tell`` can't be called.
    """
    check_on_progress(tell)
    under_way = threading.Lock()
    try:
        with closing(portal.iterate(_steps(fetch, under_way, tells=tell is not None))) as steps:
            for step in steps:
                if isinstance(step, DownloadReport):
                    return step
                if tell is not None:
                    tell(step)
    except _ExitError as error:
        raise error.error from None
    finally:
        # Left early, it ends beside: wait a little, so that the folder is free for whoever tries again.
        under_way.acquire(timeout=_END_WITHIN_S)
    raise AssertionError("the steps end with the report")


async def _steps(
    fetch: Fetch, under_way: threading.Lock, *, tells: bool
) -> AsyncGenerator[DownloadProgress | DownloadReport, None]:
    under_way.acquire(blocking=False)  # held already by who left before this began
    told: asyncio.Queue[DownloadProgress | None] = asyncio.Queue(_WAITING_AT_MOST)

    def put(progress: DownloadProgress | None) -> None:
        if told.full():
            told.get_nowait()
        told.put_nowait(progress)

    running = asyncio.ensure_future(fetch(put if tells else None))
    running.add_done_callback(lambda _: put(None))
    try:
        while (progress := await told.get()) is not None:
            yield progress
        yield await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        under_way.release()
