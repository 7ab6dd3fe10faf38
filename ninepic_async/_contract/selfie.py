"""Reading a selfie, in whatever form it was handed over, before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import anyio.to_thread
from attrs import field, frozen

from ninepic_async.errors import InvalidInputError

SelfieSource: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO"
"""A path, the picture's bytes, or a file opened for reading bytes."""

_KINDS: Final = (
    (b"\xff\xd8\xff", 0, "jpg", "image/jpeg"),
    (b"\x89PNG", 0, "png", "image/png"),
    (b"WEBP", 8, "webp", "image/webp"),
    (b"ftyp", 4, "heic", "image/heic"),
)


@frozen
class Selfie:
    """A selfie's bytes, kept so that each attempt can send them whole."""

    content: bytes = field(repr=False)

    @property
    def extension(self) -> str:
        """The file name's ending, told from the content."""
        return self._kind()[0]

    @property
    def content_type(self) -> str:
        """The MIME type, told from the content."""
        return self._kind()[1]

    def _kind(self) -> tuple[str, str]:
        for mark, at, extension, content_type in _KINDS:
            if self.content.startswith(mark, at):
                return extension, content_type
        return "bin", "application/octet-stream"


async def read_selfie(source: SelfieSource) -> Selfie:
    """Read a selfie whole; disk work is done in a thread.

    Raises:
        InvalidInputError: it is empty, missing, unreadable, or not something that holds bytes.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
    elif isinstance(source, (str, os.PathLike)):
        content = await anyio.to_thread.run_sync(_read_path, source, abandon_on_cancel=True)
    elif callable(getattr(source, "read", None)):
        content = await anyio.to_thread.run_sync(_read_file, source, abandon_on_cancel=True)
    else:
        raise InvalidInputError(
            f"selfie is {_kind_of(source)}: give a path, bytes, or a file opened with 'rb'"
        )
    if not content:
        raise InvalidInputError("the selfie is empty")
    return Selfie(content)


def _read_path(source: str | os.PathLike[str]) -> bytes:
    path = Path(os.fsdecode(source))
    try:
        if not path.is_file():
            raise InvalidInputError(f"there is no selfie file at {path}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"the selfie at {path} can't be read: {error}") from error


def _read_file(file: BinaryIO) -> bytes:
    try:
        if hasattr(file, "seekable") and file.seekable():
            # Whoever looked at the picture first has moved on from its start.
            file.seek(0)
        content: object = file.read()
    except (AttributeError, OSError, ValueError) as error:
        raise InvalidInputError(f"the selfie's file can't be read: {error}") from error
    if isinstance(content, (bytes, bytearray)):
        return bytes(content)
    if hasattr(content, "close") and hasattr(content, "__await__"):
        content.close()
        raise InvalidInputError("the selfie's read() is async: pass `await file.read()` instead")
    raise InvalidInputError(f"the selfie's file gave {_kind_of(content)}: open it with 'rb'")


def _kind_of(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
