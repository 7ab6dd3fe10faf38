"""An event's photos without their pixels: ids, sizes, capture times and BIBs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from hashlib import blake2b
from math import gcd
from typing import Final, Protocol

from attrs import frozen

from ninepic_async.sandbox.seeded import digest, seeded_rng, uuid_text

ODD_BIBS: Final = ("A/12", "१२३", "VIP 7")
PHOTOS_PER_RUNNER: Final = 18
MAX_RUNNERS: Final = 200
LANDSCAPE: Final = (1440, 960)
PORTRAIT: Final = (960, 1440)
_HOUR: Final = 3600
_MORNINGS: Final = ((1 * _HOUR, 6 * _HOUR), (25 * _HOUR + 1800, 30 * _HOUR))
"""When photos are taken, in seconds from the first day's UTC midnight: 06:30 to 11:30 in India."""


@frozen
class Photo:
    """What the API says of one photo. ``taken_at`` is Unix time in seconds."""

    index: int
    image_id: str
    width: int
    height: int
    taken_at: int | None
    open_original: bool


class EventPhotos(Protocol):
    """Photos ordered by capture time; those without a time are last."""

    @property
    def total(self) -> int:
        """Return the number of photos."""
        ...

    @property
    def timed(self) -> int:
        """Return the number of photos with a capture time."""
        ...

    @property
    def bibs(self) -> Sequence[str]:
        """Return all BIBs."""
        ...

    def photo(self, index: int) -> Photo:
        """Return a photo by its index."""
        ...

    def taken_at(self, index: int) -> int:
        """Return the capture time of one of the first ``timed`` photos."""
        ...

    def index_of(self, image_id: str) -> int | None:
        """Return a photo's index, or None for an unknown id."""
        ...

    def bibs_in(self, index: int) -> tuple[str, ...]:
        """Return the BIBs in a photo, the main runner's first."""
        ...

    def of_bib(self, bib: str) -> Sequence[int]:
        """Return the indices of a BIB's photos, in order; the BIB is compared without case."""
        ...


def between(photos: EventPhotos, start: int, end: int) -> range:
    """Return the indices of the photos taken in ``[start, end)``."""
    places = range(photos.timed)
    first = bisect_left(places, start, key=photos.taken_at)
    return range(first, max(first, bisect_left(places, end, key=photos.taken_at)))


def hour_counts(photos: EventPhotos) -> dict[int, int]:
    """Return the number of photos in each UTC hour (since 1970) that has any, ascending."""
    counts: dict[int, int] = {}
    place = 0
    while place < photos.timed:
        hour = photos.taken_at(place) // _HOUR
        end = bisect_left(range(photos.timed), (hour + 1) * _HOUR, key=photos.taken_at)
        counts[hour] = end - place
        place = end
    return counts


class DrawnPhotos:
    """Generated photos. Nothing is stored: everything follows from the seed and the index."""

    def __init__(self, seed: str, total: int, first_day: int) -> None:
        self.seed = seed
        self.total = total
        self.first_day = first_day
        self.bibs: Sequence[str] = _runner_bibs(seed, total)
        self._key = digest(seed, "photos")
        self._places = {bib.casefold(): place for place, bib in enumerate(self.bibs)}
        self._steps = [n for n in range(1, len(self.bibs) + 1) if gcd(n, len(self.bibs)) == 1]
        self._orders: dict[tuple[int, int], tuple[int, int, int]] = {}

    @property
    def timed(self) -> int:
        """Return the number of photos with a capture time: all but one in forty."""
        return self.total - (max(1, self.total // 40) if self.total >= 10 else 0)

    def photo(self, index: int) -> Photo:
        """Return a photo by its index."""
        raw = self._facts(index)
        width, height = PORTRAIT if raw[16] < 96 else LANDSCAPE
        taken_at = self._time(index, raw) if index < self.timed else None
        return Photo(index, _image_id(raw, index), width, height, taken_at, raw[17] < 24)

    def taken_at(self, index: int) -> int:
        """Return the capture time of one of the first ``timed`` photos."""
        return self._time(index, self._facts(index))

    def index_of(self, image_id: str) -> int | None:
        """Return a photo's index, or None for an unknown id."""
        index = _index_in(image_id)
        if index is None or index >= self.total or self.photo(index).image_id != image_id:
            return None
        return index

    def bibs_in(self, index: int) -> tuple[str, ...]:
        """Return the BIBs in a photo, the main runner's first."""
        return tuple(self.bibs[runner] for runner in self.runners_in(index))

    def runners_in(self, index: int) -> tuple[int, ...]:
        """Return the runners in a photo, as indices of ``bibs``."""
        block, place = divmod(index, len(self.bibs))
        found: dict[int, None] = {}
        for lane in range(self._lanes(index)):
            step, shift, _ = self._order(block, lane)
            found[(step * place + shift) % len(self.bibs)] = None
        return tuple(found)

    def of_bib(self, bib: str) -> Sequence[int]:
        """Return the indices of a BIB's photos, in order; the BIB is compared without case."""
        runner = self._places.get(bib.casefold())
        if runner is None:
            return ()
        size = len(self.bibs)
        found: set[int] = set()
        for block in range(-(-self.total // size)):
            for lane in range(3):
                _, shift, inverse = self._order(block, lane)
                index = block * size + (runner - shift) * inverse % size
                if index < self.total and lane < self._lanes(index):
                    found.add(index)
        return sorted(found)

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
            size = len(self.bibs)
            rng = seeded_rng(self.seed, "order", block, lane)
            step = rng.choice(self._steps)
            order = step, rng.randrange(size), pow(step, -1, size) if size > 1 else 0
            self._orders[block, lane] = order
        return order

    def _time(self, index: int, raw: bytes) -> int:
        half = self.timed // 2
        late = index >= half
        count = self.timed - half if late else half
        opened, closed = _MORNINGS[late]
        jitter = int.from_bytes(raw[19:22], "big") / (1 << 24)
        share = (index - half * late + jitter) / count
        return self.first_day + opened + int(share * (closed - opened))


def _runner_bibs(seed: str, photos: int) -> tuple[str, ...]:
    size = min(max(6, photos // PHOTOS_PER_RUNNER), MAX_RUNNERS, photos)
    odd = ODD_BIBS if size >= 6 else ()
    numbers = seeded_rng(seed, "bibs").sample(range(101, 9999), size - len(odd))
    return (*map(str, numbers), *odd)


def _image_id(raw: bytes, index: int) -> str:
    """Return an id with the index hidden in it: 100,000 ids need no table."""
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
