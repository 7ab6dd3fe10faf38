"""Values derived from a seed and a name: the same on every run and machine."""

from __future__ import annotations

import random
from hashlib import blake2b


def digest(*parts: object, size: int = 16) -> bytes:
    """Return bytes that depend only on the parts."""
    text = "\x1f".join(str(part) for part in parts)
    return blake2b(text.encode(errors="surrogateescape"), digest_size=size).digest()


def seeded_rng(*parts: object) -> random.Random:
    """Return a random generator that depends only on the parts."""
    return random.Random(digest(*parts))  # noqa: S311 - pictures and test data, not secrets


def uuid_text(raw: bytes) -> str:
    """Return 16 bytes as the text of a version 4 UUID."""
    marked = bytearray(raw)
    marked[6] = marked[6] & 0x0F | 0x40
    marked[8] = marked[8] & 0x3F | 0x80
    text = marked.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuid_of(*parts: object) -> str:
    """Return a UUID that depends only on the parts."""
    return uuid_text(digest(*parts))
