"""The process that makes thumbnails for `thumbnail_pool`.

It writes ``{"ready": true}``, and then reads one JSON object per line: ``{"photo": …, "thumbnail": …}``. It
writes the memory that it needs (``{"need": …}``), reads whether it may use it (``{"allow": true}``), and
writes the photo's facts. It ends at the end of its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import asdict

from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.gallery.thumbnails import PhotoInfo, make_thumbnail

_SPARE_BYTES: Final = 32 * 1024 * 1024
"""Memory for everything except the decoded photo."""


def main(photos: str, thumbnails: str) -> None:
    """Serve requests on standard input until it ends.

    Args:
        photos: the folder of the photos: the number of a file descriptor, or a path on Windows.
        thumbnails: the folder of the thumbnails.
    """
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # keep what libraries print out of the answers
    folders = _folder(photos), _folder(thumbnails)
    memory = _MemoryLimit()
    _write(answers, {"ready": True})
    for line in sys.stdin.buffer:
        _write(answers, _answer(json.loads(line), *folders, answers, memory))


def _folder(place: str) -> OpenFolder:
    return OpenFolder(Path(), int(place)) if place.isdecimal() else OpenFolder(Path(place))


def _answer(
    request: Mapping[str, str],
    photos: OpenFolder,
    thumbnails: OpenFolder,
    answers: BinaryIO,
    memory: _MemoryLimit,
) -> dict[str, Any]:
    def allow(need: int) -> bool:
        _write(answers, {"need": need})
        allowed = bool(json.loads(sys.stdin.buffer.readline())["allow"])
        memory.set(need if allowed else 0)
        return allowed

    memory.set(0)
    try:
        info = make_thumbnail(photos, request["photo"], thumbnails, request["thumbnail"], allow)
    except OSError as error:
        return {"unwritable": [error.errno, error.strerror, request["thumbnail"]]}
    return to_answer(info)


def to_answer(info: PhotoInfo) -> dict[str, Any]:
    """Return a photo's facts as JSON types."""
    return asdict(info) | {"taken_at": None if info.taken_at is None else info.taken_at.isoformat()}


def _write(answers: BinaryIO, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")


class _MemoryLimit:
    """Lets the kernel refuse more memory than allowed. Linux only: other systems count it differently."""

    def __init__(self) -> None:
        self._used: int | None = None
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages = int(Path("/proc/self/statm").read_bytes().split()[5])
            self._used = pages * os.sysconf("SC_PAGE_SIZE")

    def set(self, size: int) -> None:
        """Limit the memory to the memory used at the start, a fixed reserve, and this number of bytes."""
        if sys.platform == "linux" and self._used is not None:
            import resource

            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
            wanted = self._used + _SPARE_BYTES + size
            resource.setrlimit(
                resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
            )
