"""The settings of a download, their checks, and the number of files that may be open."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from attrs import field, frozen

from ninepic_async._support.defaults import DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES
from ninepic_async.download import concurrency as adaptive
from ninepic_async.download.report import DownloadProgress
from ninepic_async.errors import InvalidInputError

STALL_S: Final = 30.0
Concurrency = int | Literal["auto"]
OnProgress = Callable[[DownloadProgress], object]

_MOST_WAITING: Final = 64
"""The largest number of files that wait to be finished, each with an open descriptor."""
_RESERVED: Final = 32
"""Descriptors that are left for the rest of the program."""
_PER_WORKER: Final = 2
"""Descriptors of one worker: its connection and its file."""


@frozen(kw_only=True)
class Settings:
    """The settings of a download.

    Attributes:
        concurrency: how many files are fetched at the same time, or ``"auto"``.
        max_bytes: the largest size of a file, in bytes.
        on_progress: called with the progress.
        skip_deleted: whether to skip files that were deleted from the folder.
        stall_s: the longest time in seconds in which a host may send nothing.
    """

    concurrency: Concurrency = field(default=DOWNLOAD_CONCURRENCY)
    max_bytes: int = field(default=MAX_FILE_BYTES)
    on_progress: OnProgress | None = field(default=None)
    skip_deleted: bool = field(default=False)
    stall_s: float = STALL_S

    def __attrs_post_init__(self) -> None:
        if self.concurrency != "auto" and (type(self.concurrency) is not int or self.concurrency < 1):
            raise InvalidInputError(
                f"concurrency={self.concurrency!r}: give a whole number from 1, or 'auto'"
            )
        check_max_bytes(self.max_bytes)
        check_on_progress(self.on_progress)

    @property
    def workers(self) -> int:
        """The largest number of files fetched at the same time."""
        wanted = adaptive.MOST if self.concurrency == "auto" else self.concurrency
        return max(1, min(wanted, free_descriptors() // (2 * _PER_WORKER)))

    def waiting(self, workers: int) -> int:
        """Return how many files may wait to be finished. The same number can be in the finisher's batch."""
        return max(1, min(_MOST_WAITING, (free_descriptors() - _PER_WORKER * workers) // 2))


def check_max_bytes(max_bytes: int) -> int:
    """Check the largest size of a file.

    Raises:
        InvalidInputError: it is not a whole number from 1.
    """
    if type(max_bytes) is not int or max_bytes < 1:
        raise InvalidInputError(f"max_bytes={max_bytes!r}: give a whole number from 1")
    return max_bytes


def check_on_progress(on_progress: object) -> None:
    """Check a progress function.

    Raises:
        InvalidInputError: it can't be called, or it is a coroutine function.
    """
    if on_progress is not None and not callable(on_progress):
        raise InvalidInputError(f"on_progress={on_progress!r}: give a function of one argument")
    if any(map(inspect.iscoroutinefunction, (on_progress, type(on_progress).__call__))):
        raise InvalidInputError("on_progress is a coroutine function, which is never awaited: use def")


def free_descriptors() -> int:
    """Return how many more files a download may open. Some are left for the rest of the program."""
    if sys.platform == "win32":
        return 2**31
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return 2**31
    return max(0, limit - _open_descriptors() - _RESERVED)


def _open_descriptors() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return len(os.listdir(folder))
    return 0
