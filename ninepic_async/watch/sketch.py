"""A set of photos in constant space. A small difference between two sets can be read. No I/O.

This is an invertible Bloom lookup table. Each key is added to three cells, one in each third of the table. In
the difference of two tables, a cell that contains a single key shows this key. When the key is removed from
its other cells, these may contain a single key too.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, Self

from attrs import define, field, frozen

CELLS: Final = 240
"""This number of cells allows about 100 to 130 differences."""
_THIRD: Final = CELLS // 3
_COUNT_BYTES: Final = 2
_KEY_BYTES: Final = 7
_CHECK_BYTES: Final = 2
_CELL_BYTES: Final = _COUNT_BYTES + _KEY_BYTES + _CHECK_BYTES
SKETCH_BYTES: Final = CELLS * _CELL_BYTES
_COUNTS: Final = 1 << (8 * _COUNT_BYTES)


def key_of(image_id: str) -> int:
    """Return the key of a photo: a 56-bit hash, enough to distinguish a million photos."""
    return int.from_bytes(blake2b(image_id.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest())


def _places(key: int) -> tuple[tuple[int, int, int], int]:
    """Return the key's three cells, and its check value."""
    digest = blake2b(key.to_bytes(_KEY_BYTES), digest_size=8).digest()
    first, second, third = (int.from_bytes(digest[at : at + 2]) % _THIRD for at in (0, 2, 4))
    return (first, _THIRD + second, 2 * _THIRD + third), int.from_bytes(digest[6:])


@frozen
class Difference:
    """The difference between two sets."""

    added: frozenset[int]
    removed: frozenset[int]


@define
class Sketch:
    """The table. Counts are stored modulo 65,536. That still distinguishes one key from none or several."""

    _counts: list[int] = field(factory=lambda: [0] * CELLS)
    _keys: list[int] = field(factory=lambda: [0] * CELLS)
    _checks: list[int] = field(factory=lambda: [0] * CELLS)

    def add(self, key: int) -> None:
        """Add a key that is not in the set."""
        self._change(key, 1)

    def remove(self, key: int) -> None:
        """Remove a key that is in the set."""
        self._change(key, -1)

    def copy(self) -> Self:
        """Return an independent copy of the table."""
        return type(self)(self._counts.copy(), self._keys.copy(), self._checks.copy())

    def since(self, earlier: Sketch) -> Difference | None:
        """Return the keys added and removed since an earlier table, or None if there are too many to read."""
        left = type(self)(
            [(now - then) % _COUNTS for now, then in zip(self._counts, earlier._counts, strict=True)],
            [now ^ then for now, then in zip(self._keys, earlier._keys, strict=True)],
            [now ^ then for now, then in zip(self._checks, earlier._checks, strict=True)],
        )
        added: set[int] = set()
        removed: set[int] = set()
        for key, is_added in left._single_keys():
            (added if is_added else removed).add(key)
        return Difference(frozenset(added), frozenset(removed)) if left._is_empty() else None

    def to_bytes(self) -> bytes:
        """Return the table's content in a fixed number of bytes."""
        return b"".join(
            count.to_bytes(_COUNT_BYTES) + key.to_bytes(_KEY_BYTES) + check.to_bytes(_CHECK_BYTES)
            for count, key, check in zip(self._counts, self._keys, self._checks, strict=True)
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Build a table from the `SKETCH_BYTES` bytes of `to_bytes`."""
        cells = [content[at : at + _CELL_BYTES] for at in range(0, SKETCH_BYTES, _CELL_BYTES)]
        key_end = _COUNT_BYTES + _KEY_BYTES
        return cls(
            [int.from_bytes(cell[:_COUNT_BYTES]) for cell in cells],
            [int.from_bytes(cell[_COUNT_BYTES:key_end]) for cell in cells],
            [int.from_bytes(cell[key_end:]) for cell in cells],
        )

    def _change(self, key: int, by: int) -> None:
        cells, check = _places(key)
        for cell in cells:
            self._counts[cell] = (self._counts[cell] + by) % _COUNTS
            self._keys[cell] ^= key
            self._checks[cell] ^= check

    def _single_keys(self) -> Iterator[tuple[int, bool]]:
        """Remove each key that is alone in a cell. Yield the key, and whether it was added."""
        waiting = list(range(CELLS))
        for _ in range(4 * CELLS):  # more steps than a valid table needs; a forged table could loop for ever
            if not waiting:
                return
            cell = waiting.pop()
            count, key = self._counts[cell], self._keys[cell]
            if count not in (1, _COUNTS - 1):
                continue
            cells, check = _places(key)
            if cell not in cells or check != self._checks[cell]:
                continue
            self._change(key, 1 if count != 1 else -1)
            waiting += cells
            yield key, count == 1

    def _is_empty(self) -> bool:
        return not (any(self._counts) or any(self._keys) or any(self._checks))
