"""A process that makes thumbnails. A decoder can't be interrupted, but its process can be killed.

It is a plain ``python -c`` command: `multiprocessing` would run the caller's script again if the script has
no ``__main__`` guard.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from threading import Timer
from typing import Any, Final

from attrs import define

from ninepic_async._support.open_folder import OpenFolder
from ninepic_async.gallery.thumbnails import Allow, PhotoInfo, make_thumbnail

_SECONDS_PER_ANSWER: Final = 120.0
_CODE: Final = (
    "import json, sys; path, *folders = sys.argv[1:]; sys.path[:] = json.loads(path); "
    "from ninepic_async.gallery.thumbnail_worker import main; main(*folders)"
)


class WorkerProcess:
    """Makes one thumbnail at a time in another process.

    Raises:
        OSError: the process can't be started.
    """

    def __init__(
        self, photos: OpenFolder, thumbnails: OpenFolder, *, seconds: float = _SECONDS_PER_ANSWER
    ) -> None:
        self._seconds = seconds
        self._late = False
        folders = (photos, thumbnails)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", _CODE, json.dumps(sys.path), *map(_place, folders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[folder.descriptor for folder in folders if folder.descriptor is not None],
            # A terminal sends Ctrl-C to the whole process group. The caller ends this process itself.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def wait_until_ready(self) -> None:
        """Wait for the process to start.

        Raises:
            OSError: the process did not start.
        """
        try:
            self._receive()
        except EOFError as error:
            raise OSError(f"a process for thumbnails did not start: {error}") from None

    def make(self, photo: str, thumbnail: str, allow: Allow) -> PhotoInfo:
        """Make one thumbnail.

        Args:
            photo: the photo's file name.
            thumbnail: the thumbnail's file name.
            allow: called with the memory that decoding needs, before the photo is decoded.

        Raises:
            OSError: the thumbnail can't be written.
            EOFError: the process ended. The message says why.
        """
        self._send({"photo": photo, "thumbnail": thumbnail})
        answer = self._receive()
        if "need" in answer:
            self._send({"allow": allow(answer["need"])})
            answer = self._receive()
        if "unwritable" in answer:
            raise OSError(*answer["unwritable"])
        taken_at = answer.pop("taken_at")
        return PhotoInfo(**answer, taken_at=None if taken_at is None else datetime.fromisoformat(taken_at))

    def kill(self) -> None:
        """Kill the process immediately. Any thread may call this."""
        self._process.kill()

    def close(self) -> None:
        """Kill the process, and release its pipes."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()

    def _send(self, message: Mapping[str, Any]) -> None:
        pipe = self._process.stdin
        # Ignore the error if the process has ended: reading its answer reports that.
        with suppress(OSError):
            if pipe is not None:
                pipe.write(json.dumps(message).encode() + b"\n")
                pipe.flush()

    def _receive(self) -> dict[str, Any]:
        watchdog = Timer(self._seconds, self._stop_waiting)
        watchdog.daemon = True
        watchdog.start()
        try:
            line = self._process.stdout.readline() if self._process.stdout is not None else b""
        finally:
            watchdog.cancel()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        if self._late:
            raise EOFError(f"decoding took more than {self._seconds:.0f} s")
        raise EOFError("the decoder crashed")

    def _stop_waiting(self) -> None:
        self._late = True
        self.kill()


@define
class InThisProcess:
    """Makes thumbnails in this process, if no other can be started, such as in frozen applications."""

    photos: OpenFolder
    thumbnails: OpenFolder

    def make(self, photo: str, thumbnail: str, allow: Allow) -> PhotoInfo:
        """Make one thumbnail.

        Raises:
            OSError: the thumbnail can't be written.
        """
        return make_thumbnail(self.photos, photo, self.thumbnails, thumbnail, allow)

    def kill(self) -> None:
        """Do nothing: a decoder in this process can't be stopped."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


def _place(folder: OpenFolder) -> str:
    return str(folder.path.absolute() if folder.descriptor is None else folder.descriptor)
