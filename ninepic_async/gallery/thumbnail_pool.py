"""Make many thumbnails in a few processes, in bounded memory. Leaving early kills the processes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Condition, Lock
from typing import Final, Self, TypeVar

from attrs import define, field

from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.gallery.scan import File
from ninepic_async.gallery.thumbnail_cache import key_of, thumbnail_of
from ninepic_async.gallery.thumbnails import PhotoInfo
from ninepic_async.gallery.worker_process import InThisProcess, WorkerProcess

MEMORY_BYTES: Final = 512 * 1024 * 1024
"""The memory limit for all processes together."""
_PROCESS_BYTES: Final = 40 * 1024 * 1024
"""The part of it that each idle process needs."""
_MOST_PROCESSES: Final = 4
_PHOTOS_PER_PROCESS: Final = 8
"""Fewer photos are not worth another process: starting one takes as long as a few thumbnails."""
_WAITING_PER_PROCESS: Final = 4
_WAIT_S: Final = 0.2
"""Waits are short, because a Ctrl-C just before a wait is noticed only after it."""

log: Final = logging.getLogger("ninepic_async")

Worker = WorkerProcess | InThisProcess
W = TypeVar("W", WorkerProcess, InThisProcess)


class ClosedError(Exception):
    """The pool was closed while a thumbnail was being made."""


@define(eq=False)
class MemoryBudget:
    """A memory limit, in bytes, that several threads share."""

    limit: int
    _used: int = 0
    _closed: bool = False
    _changed: Condition = field(factory=Condition)

    def take(self, size: int) -> bool:
        """Wait until a number of bytes is free, and reserve them. Return False if this exceeds the limit.

        Raises:
            ClosedError: the pool was closed.
        """
        if size > self.limit:
            return False
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._used + size <= self.limit)
            if self._closed:
                raise ClosedError
            self._used += size
        return True

    def give_back(self, size: int) -> None:
        """Release reserved bytes."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()

    def close(self) -> None:
        """End all waits with an error."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class ThumbnailPool:
    """Processes that make thumbnails. Use it as a context manager; leaving it kills them."""

    def __init__(self, photos: OpenFolder, thumbnails: OpenFolder, jobs: int) -> None:
        wanted = -(-jobs // _PHOTOS_PER_PROCESS)
        self._size = max(1, min(_MOST_PROCESSES, os.cpu_count() or 1, wanted))
        self._folders = photos, thumbnails
        self._budget = MemoryBudget(MEMORY_BYTES - self._size * _PROCESS_BYTES)
        self._lock = Lock()
        self._idle: list[Worker] = []
        self._all: list[Worker] = []
        self._closed = False
        self._threads = ThreadPoolExecutor(self._size, thread_name_prefix="ninepic-gallery")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            workers = list(self._all)
        self._budget.close()
        for worker in workers:
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.close()

    def make_all(self, photos: Iterable[File]) -> Iterator[tuple[File, PhotoInfo]]:
        """Make thumbnails, and yield the facts of each photo when its thumbnail is done.

        Raises:
            OSError: a thumbnail can't be written.
        """
        todo = iter(photos)
        waiting: dict[Future[PhotoInfo], File] = {}
        while True:
            while (
                len(waiting) < self._size * _WAITING_PER_PROCESS and (photo := next(todo, None)) is not None
            ):
                waiting[self._threads.submit(self.make, photo)] = photo
            if not waiting:
                return
            for done in wait(waiting, _WAIT_S, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(done), done.result()

    def make(self, photo: File) -> PhotoInfo:
        """Make one thumbnail.

        Raises:
            OSError: it can't be written.
        """
        worker, taken = self._worker(), 0

        def allow(need: int) -> bool:
            nonlocal taken
            allowed = self._budget.take(need)
            taken = need if allowed else 0
            return allowed

        try:
            info = worker.make(photo.name, thumbnail_of(key_of(photo)), allow)
        except EOFError as error:
            self._discard(worker)
            info = PhotoInfo(error=str(error))
        except BaseException:
            self._idle.append(worker)
            raise
        else:
            self._idle.append(worker)
        finally:
            self._budget.give_back(taken)
        return info

    def _worker(self) -> Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._started() or self._registered(InThisProcess(*self._folders))

    def _started(self) -> WorkerProcess | None:
        # In a frozen application, sys.executable is the application itself.
        if not sys.executable or getattr(sys, "frozen", False):
            return None
        try:
            worker = self._registered(WorkerProcess(*self._folders))
        except OSError as error:
            log.warning("thumbnails are made in this process, because no other can be started: %s", error)
            return None
        try:
            worker.wait_until_ready()
        except OSError as error:
            self._discard(worker)
            if self._closed:
                raise ClosedError from None
            log.warning("thumbnails are made in this process: %s", error)
            return None
        return worker

    def _registered(self, worker: W) -> W:
        with self._lock:
            self._all.append(worker)
            closed = self._closed
        if closed:
            self._discard(worker)
            raise ClosedError
        return worker

    def _discard(self, worker: Worker) -> None:
        with self._lock:
            self._all.remove(worker)
        worker.close()
