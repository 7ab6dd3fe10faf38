"""Read a selfie from whatever the caller passed, without blocking the event loop."""

from __future__ import annotations

import contextlib
import inspect
import io
import mmap
import os
import select
import stat
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from ninepic_async._contract.selfie import Selfie
from ninepic_async._support.daemon_thread import run_in_daemon_thread
from ninepic_async._support.secret import Opaque
from ninepic_async.errors import InvalidInputError

_THREAD: Final = "ninepic-selfie"
_CHUNK_BYTES: Final = 64 * 1024


async def with_selfie(source: Any, endpoint: Any) -> Any:
    """Return an endpoint with its selfie read.

    Args:
        source: the selfie's source in an `Opaque`, which is cleared afterwards.
        endpoint: the endpoint without its selfie.
    """
    source = Opaque(None) if source is None else source
    try:
        return evolve(endpoint, selfie=await read_selfie(source))
    finally:
        source.clear()


async def read_selfie(source: Opaque[Any]) -> Selfie:
    """Read a selfie into memory. A cancelled read is abandoned, and does not delay the program's exit.

    Raises:
        InvalidInputError: it is empty, missing, unreadable, or not a source of bytes.
    """
    content = await _content(source.reveal())
    if not content:
        raise InvalidInputError("the selfie is empty")
    return Selfie(Opaque(content))


async def _content(source: Any) -> bytes:
    try:
        content = await _raw_content(source)
        if isinstance(content, Awaitable):
            content = await content
    except InvalidInputError:
        raise
    except Exception as error:
        raise InvalidInputError(f"the selfie can't be read: {error}") from error
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise InvalidInputError(f"the selfie's file returned {_kind_of(content)}: open it with 'rb'")
    return bytes(content)


async def _raw_content(source: Any) -> object:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return source
    read = getattr(source, "read", None)
    if inspect.iscoroutinefunction(read):
        return await _read_async(source)
    if isinstance(source, (str, os.PathLike)):
        reader: Callable[[Any], object] = _read_path
    elif isinstance(source, mmap.mmap):
        reader = bytes
    elif callable(read):
        reader = _read_file
    else:
        raise InvalidInputError(
            f"selfie is {_kind_of(source)}: give a path, bytes, or a file opened with 'rb'"
        )
    return await run_in_daemon_thread(partial(reader, source), name=_THREAD)


async def _read_async(file: Any) -> object:
    if inspect.iscoroutinefunction(getattr(file, "seek", None)):
        # Not every file can seek. If the file is closed, reading it raises the error.
        with contextlib.suppress(OSError, ValueError):
            await file.seek(0)
    return await file.read()


def _read_path(source: str | os.PathLike[str]) -> bytes:
    path = Path(os.fsdecode(source))
    if path.is_dir():
        raise InvalidInputError(f"the selfie {str(path)!r} is a folder: give the path of a picture in it")
    if not path.is_file():
        raise InvalidInputError(f"there is no selfie file at {str(path)!r}")
    return path.read_bytes()


def _read_file(file: Any) -> object:
    if hasattr(file, "seekable") and file.seekable():
        # The caller may have read the picture already, for example to check it.
        file.seek(0)
    elif isinstance(file, io.BufferedReader) and _is_pipe_or_terminal(file) and hasattr(select, "poll"):
        return _read_pipe(file)
    return file.read()


def _is_pipe_or_terminal(file: io.BufferedReader) -> bool:
    # Not a socket: data in the buffers of TLS or HTTP does not make a socket readable.
    mode = os.fstat(file.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _read_pipe(file: io.BufferedReader) -> bytes:
    """Read a pipe to its end, but wait for data without holding the file's lock.

    The interpreter needs that lock when it closes stdin at exit, and aborts if a thread still holds it.
    """
    ready = select.poll()
    ready.register(file.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    chunks: list[bytes] = []
    while True:
        ready.poll()
        chunk = file.read1(_CHUNK_BYTES)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _kind_of(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
