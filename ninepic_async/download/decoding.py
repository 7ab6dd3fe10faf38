"""Decode bodies that a host has compressed although the request did not allow it. Bounded memory; no I/O."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from ninepic_async.download.file_types import detect

NEEDED_BYTES: Final = 32
"""How many first bytes `decoder_for` needs."""
_STEP_BYTES: Final = 256 * 1024
_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS
_PLAIN: Final = frozenset({"", "identity"})
_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})


class UnknownCodingError(Exception):
    """The body is encoded in a way that can't be decoded."""


class Inflater:
    """Decompresses gzip and zlib data."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_ZLIB_OR_GZIP)

    @property
    def complete(self) -> bool:
        """Whether the end of the compressed data was reached."""
        return self._inflate.eof

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the decoded bytes in chunks of bounded size.

        Raises:
            UnknownCodingError: the data is damaged.
        """
        try:
            while chunk and not self._inflate.eof:
                decoded = self._inflate.decompress(chunk, _STEP_BYTES)
                chunk = self._inflate.unconsumed_tail
                if decoded:
                    yield decoded
        except zlib.error as error:
            raise UnknownCodingError(f"the compressed data is damaged: {error}") from error


def decoder_for(content_encoding: str, head: bytes) -> Inflater | None:
    """Return a decoder for a body, or None if the body is not encoded.

    Object stores often send a wrong ``Content-Encoding``, such as ``base64`` or ``aws-chunked``. So the first
    bytes of the body count more than the header.

    Args:
        content_encoding: the header, or ``""``.
        head: the first `NEEDED_BYTES` of the body.

    Raises:
        UnknownCodingError: the body has an encoding that can't be decoded.
    """
    codings = [coding.strip().casefold() for coding in content_encoding.split(",")]
    if detect(head) is not None or all(coding in _PLAIN for coding in codings):
        return None
    if head[:2] == b"\x1f\x8b" or (head[:1] == b"\x78" and not _COMPRESSED.isdisjoint(codings)):
        return Inflater()
    raise UnknownCodingError(f"the host sent the file encoded ({content_encoding[:60]!r})")
