"""Generated photos: all their data is computed from a seed and an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import count
from math import gcd
from typing import Final

from ninepic_async.sandbox.event_photos import Photo
from ninepic_async.sandbox.seeded import digest, seeded_rng, uuid_text

ODD_BIBS: Final = ("A/12", "१२३", "VIP 7")
PHOTOS_PER_RUNNER: Final = 18
MIN_RUNNERS: Final = 6
MAX_RUNNERS: Final = 200
LANDSCAPE: Final = (1440, 960)
PORTRAIT: Final = (960, 1440)
_HOUR: Final = 3600
_MORNINGS: Final = ((1 * _HOUR, 6 * _HOUR), (25 * _HOUR + 1800, 30 * _HOUR))
"""Capture times, in seconds since UTC midnight of the first day: 06:30 to 11:30 in India on two days."""


class DrawnPhotos:
    """Generated photos. Nothing is stored: all data is computed from the seed and the index."""

    def __init__(self, seed: str, total: int, first_day: int) -> None:
        self.seed = seed
        self.total = total
        self.first_day = first_day
        self.participants: Sequence[str] = _runner_bibs(seed, total)
        self._size = size = len(self.participants)
        self._key = digest(seed, "photos")
        self._runners = {bib.casefold(): runner for runner, bib in enumerate(self.participants)}
        self._steps = [n for n in range(1, size + 1) if gcd(n, size) == 1]
        self._orders: dict[tuple[int, int], tuple[int, int, int]] = {}

    @property
    def timed(self) -> int:
        """Return the number of photos with a capture time: 39 of 40."""
        return self.total - (max(1, self.total // 40) if self.total >= 10 else 0)

    @property
    def left_out(self) -> Sequence[str]:
        """Return nothing: every photo can be drawn."""
        return ()

    @property
    def bibs(self) -> Sequence[str]:
        """Return the BIBs that have photos."""
        return self._bibs

    def photo(self, index: int) -> Photo:
        """Return a photo by its index."""
        return self.photo_at(index, self.taken_at(index) if index < self.timed else None)

    def photo_at(self, index: int, taken_at: int | None) -> Photo:
        """Return the photo with this index and another capture time; any index is allowed."""
        raw = self._facts(index)
        width, height = PORTRAIT if raw[16] < 96 else LANDSCAPE
        return Photo(index, _image_id(raw, index), width, height, taken_at, raw[17] < 24)

    def more_indices(self, bib: str | None) -> Iterator[int]:
        """Yield the indices of more photos, endlessly. With a BIB, its runner is in front in each of them."""
        if bib is None:
            return count(self.total)
        runner, first_block = self._runners[bib.casefold()], -(-self.total // self._size)
        return (self._index_of_runner(runner, block, 0) for block in count(first_block))

    def time_of(self, index: int) -> int:
        """Return a capture time for an added photo, on one of the two mornings."""
        rng = seeded_rng(self.seed, "added", index)
        opened, closed = rng.choice(_MORNINGS)
        return self.first_day + rng.randrange(opened, closed)

    def taken_at(self, index: int) -> int:
        """Return the capture time of one of the first ``timed`` photos."""
        half = self.timed // 2
        late = index >= half
        number = self.timed - half if late else half
        opened, closed = _MORNINGS[late]
        jitter = int.from_bytes(self._facts(index)[19:22], "big") / (1 << 24)
        share = (index - half * late + jitter) / number
        return self.first_day + opened + int(share * (closed - opened))

    def index_of(self, image_id: str) -> int | None:
        """Return a photo's index, or None for an unknown id."""
        index = _index_in(image_id)
        if index is None or index >= self.total or self.photo(index).image_id != image_id:
            return None
        return index

    def bibs_in(self, index: int) -> tuple[str, ...]:
        """Return the BIBs in a photo, the main runner's first."""
        return tuple(self.participants[runner] for runner in self.runners_in(index))

    def runners_in(self, index: int) -> tuple[int, ...]:
        """Return the runners in a photo, as indices of ``participants``."""
        block, place = divmod(index, self._size)
        found: dict[int, None] = {}
        for lane in range(self._lanes(index)):
            step, shift, _ = self._order(block, lane)
            found[(step * place + shift) % self._size] = None
        return tuple(found)

    def of_bib(self, bib: str) -> Sequence[int]:
        """Return the indices of a BIB's photos, in order; the BIB is compared without case."""
        runner = self._runners.get(bib.casefold())
        if runner is None:
            return ()
        found: set[int] = set()
        for block in range(-(-self.total // self._size)):
            for lane in range(3):
                index = self._index_of_runner(runner, block, lane)
                if index < self.total and lane < self._lanes(index):
                    found.add(index)
        return sorted(found)

    def _index_of_runner(self, runner: int, block: int, lane: int) -> int:
        _, shift, inverse = self._order(block, lane)
        return block * self._size + (runner - shift) * inverse % self._size

    @cached_property
    def _bibs(self) -> Sequence[str]:
        return tuple(bib for bib in self.participants if self.of_bib(bib))

    def _facts(self, index: int) -> bytes:
        return blake2b(index.to_bytes(8, "big"), key=self._key, digest_size=24).digest()

    def _lanes(self, index: int) -> int:
        chance = self._facts(index)[18]
        return 1 + (chance < 140) + (chance < 60)

    def _order(self, block: int, lane: int) -> tuple[int, int, int]:
        """Return how a lane assigns runners to photos in a block: runner = step * place + shift.

        A block has as many photos as there are runners. Each runner has one photo per block and lane, so
        the photos of a runner can be computed without a search.
        """
        order = self._orders.get((block, lane))
        if order is None:
            rng = seeded_rng(self.seed, "order", block, lane)
            step = rng.choice(self._steps)
            order = step, rng.randrange(self._size), pow(step, -1, self._size)
            self._orders[block, lane] = order
        return order


def _runner_bibs(seed: str, photos: int) -> tuple[str, ...]:
    size = min(max(MIN_RUNNERS, photos // PHOTOS_PER_RUNNER), MAX_RUNNERS)
    numbers = seeded_rng(seed, "bibs").sample(range(101, 9999), size - len(ODD_BIBS))
    return (*map(str, numbers), *ODD_BIBS)


def _image_id(raw: bytes, index: int) -> str:
    """Return an id that contains the index, so that 100,000 ids need no table."""
    head = bytearray(raw[:12])
    head[6] = head[6] & 0x0F | 0x40
    head[8] = head[8] & 0x3F | 0x80
    return uuid_text(bytes(head) + (index ^ _mask(head)).to_bytes(4, "big"))


def _index_in(image_id: str) -> int | None:
    try:
        raw = bytes.fromhex(image_id.replace("-", ""))
    except ValueError:
        return None
    return int.from_bytes(raw[12:], "big") ^ _mask(raw[:12]) if len(raw) == 16 else None


def _mask(head: bytes | bytearray) -> int:
    return int.from_bytes(head[:4], "big") ^ int.from_bytes(head[8:12], "big")
