"""A selfie's bytes, hidden from tracebacks, and the types that callers can pass as a selfie."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from typing import BinaryIO, Final, Protocol, TypeAlias

from attrs import frozen

from ninepic_async._support.secret import Opaque


class AsyncReadable(Protocol):
    """A file with an async ``read``, such as an upload of a web framework or a file of aiofiles."""

    def read(self) -> Awaitable[bytes]:
        """Return the rest of the file."""
        ...


SelfieSource: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | AsyncReadable"
"""A path, the picture's bytes, or a file opened for reading bytes (also an async one)."""

_KINDS: Final = (
    (b"\xff\xd8\xff", 0, "jpg", "image/jpeg"),
    (b"\x89PNG", 0, "png", "image/png"),
    (b"WEBP", 8, "webp", "image/webp"),
    (b"ftyp", 4, "heic", "image/heic"),
)


@frozen
class Selfie:
    """A selfie, held in memory so that each attempt can send it."""

    content: Opaque[bytes]

    @property
    def extension(self) -> str:
        """The file name extension, by content."""
        return self._kind()[0]

    @property
    def content_type(self) -> str:
        """The MIME type, by content."""
        return self._kind()[1]

    def _kind(self) -> tuple[str, str]:
        content = self.content.reveal()
        for mark, at, extension, content_type in _KINDS:
            if content.startswith(mark, at):
                return extension, content_type
        return "bin", "application/octet-stream"
