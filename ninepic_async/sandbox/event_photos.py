"""An event's photos, without their pixels. A drawn gallery is worked out from the seed, photo by photo."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from hashlib import blake2b
from math import gcd
from typing import Final, Protocol

from attrs import frozen

from ninepic_async.sandbox.seeded import digest, rng, uuid_text

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
    """What a listing says of one photo. ``taken_at`` is Unix time."""

    index: int
    image_id: str
    width: int
    height: int
    taken_at: int | None
    open_original: bool


class Gallery(Protocol):
    """Photos in the order of their capture times, those without one last."""

    @property
    def total(self) -> int:
        """How many photos there are."""
        ...

    @property
    def timed(self) -> int:
        """How many have a capture time."""
        ...

    @property
    def bibs(self) -> Sequence[str]:
        """Every BIB that occurs."""
        ...

    def photo(self, index: int) -> Photo:
        """One photo by its place in the order."""
        ...

    def taken_at(self, index: int) -> int:
        """Capture time of one of the first ``timed`` photos."""
        ...

    def index_of(self, image_id: str) -> int | None:
        """A photo's place, or None for an id that is not in here."""
        ...

    def bibs_in(self, index: int) -> tuple[str, ...]:
        """The BIBs to be seen in a photo, the main runner first."""
        ...

    def of_bib(self, bib: str) -> Sequence[int]:
        """The photos that show a BIB (compared without case), in order."""
        ...


def between(gallery: Gallery, start: int, end: int) -> range:
    """The photos taken in ``[start, end)``."""
    places = range(gallery.timed)
    first = bisect_left(places, start, key=gallery.taken_at)
    return range(first, max(first, bisect_left(places, end, key=gallery.taken_at)))


def hour_counts(gallery: Gallery) -> dict[int, int]:
    """Photos in each UTC hour (counted from 1970) that has any, ascending."""
    counts: dict[int, int] = {}
    place = 0
    while place < gallery.timed:
        hour = gallery.taken_at(place) // _HOUR
        end = bisect_left(range(gallery.timed), (hour + 1) * _HOUR, key=gallery.taken_at)
        counts[hour] = end - place
        place = end
    return counts


class DrawnGallery:
    """A made-up gallery in which nothing is stored: a photo's facts follow from the seed and its index."""

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
        """How many photos have a capture time: all but one in forty."""
        return self.total - (max(1, self.total // 40) if self.total >= 10 else 0)

    def photo(self, index: int) -> Photo:
        """One photo by its place in the order."""
        raw = self._facts(index)
        width, height = PORTRAIT if raw[16] < 96 else LANDSCAPE
        taken_at = self._time(index, raw) if index < self.timed else None
        return Photo(index, _image_id(raw, index), width, height, taken_at, raw[17] < 24)

    def taken_at(self, index: int) -> int:
        """Capture time of one of the first ``timed`` photos."""
        return self._time(index, self._facts(index))

    def index_of(self, image_id: str) -> int | None:
        """A photo's place, or None for an id that is not in here."""
        index = _index_in(image_id)
        if index is None or index >= self.total or self.photo(index).image_id != image_id:
            return None
        return index

    def bibs_in(self, index: int) -> tuple[str, ...]:
        """The BIBs to be seen in a photo, the main runner first."""
        return tuple(self.bibs[runner] for runner in self.runners_in(index))

    def runners_in(self, index: int) -> tuple[int, ...]:
        """The places in ``bibs`` of those to be seen in a photo."""
        block, place = divmod(index, len(self.bibs))
        found: dict[int, None] = {}
        for lane in range(self._lanes(index)):
            step, shift, _ = self._order(block, lane)
            found[(step * place + shift) % len(self.bibs)] = None
        return tuple(found)

    def of_bib(self, bib: str) -> Sequence[int]:
        """The photos that show a BIB (compared without case), in order."""
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
        """Who is where in a block of as many photos as runners: place → step * place + shift.

        Each runner comes once per block and lane, so it can be turned round without a search.
        """
        order = self._orders.get((block, lane))
        if order is None:
            size = len(self.bibs)
            dice = rng(self.seed, "order", block, lane)
            step = dice.choice(self._steps)
            order = step, dice.randrange(size), pow(step, -1, size) if size > 1 else 0
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
    numbers = rng(seed, "bibs").sample(range(101, 9999), size - len(odd))
    return (*map(str, numbers), *odd)


def _image_id(raw: bytes, index: int) -> str:
    """An id that holds its index, veiled, so that a hundred thousand ids need no table."""
    head = bytearray(raw[:12])
    head[6] = head[6] & 0x0F | 0x40
    head[8] = head[8] & 0x3F | 0x80
    return uuid_text(bytes(head) + (index ^ _veil(head)).to_bytes(4, "big"))


def _index_in(image_id: str) -> int | None:
    try:
        raw = bytes.fromhex(image_id.replace("-", ""))
    except ValueError:
        return None
    return int.from_bytes(raw[12:], "big") ^ _veil(raw[:12]) if len(raw) == 16 else None


def _veil(head: bytes | bytearray) -> int:
    return int.from_bytes(head[:4], "big") ^ int.from_bytes(head[8:12], "big")
