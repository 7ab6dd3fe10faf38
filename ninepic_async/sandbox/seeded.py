"""Values drawn from a seed and a name: the same on every run and every machine."""

from __future__ import annotations

import random
from hashlib import blake2b


def digest(*parts: object, size: int = 16) -> bytes:
    """Bytes that depend on all parts and nothing else."""
    text = "\x1f".join(str(part) for part in parts)
    return blake2b(text.encode(errors="surrogateescape"), digest_size=size).digest()


def rng(*parts: object) -> random.Random:
    """A generator of its own for one purpose, so that purposes do not disturb each other."""
    return random.Random(digest(*parts))  # noqa: S311 - pictures and test data, no secrets


def uuid_text(raw: bytes) -> str:
    """Sixteen bytes as a version 4 UUID."""
    marked = bytearray(raw)
    marked[6] = marked[6] & 0x0F | 0x40
    marked[8] = marked[8] & 0x3F | 0x80
    text = marked.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuid_of(*parts: object) -> str:
    """A UUID that depends on all parts and nothing else."""
    return uuid_text(digest(*parts))
