"""The sandbox's state: searches, Motion jobs, charges and leaked keys. It uses no I/O and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from attrs import define, evolve, field, frozen

from ninepic_async.sandbox.event_photos import EventPhotos, Photo
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.seeded import digest, uuid_of

Phase = Literal["queued", "processing", "completed", "no_match", "failed"]


@frozen
class Search:
    """The result of one selfie search. Adding or removing photos does not change it."""

    request_id: str
    event_id: int
    bibs: tuple[str, ...]
    photos: Sequence[Photo]

    @classmethod
    def of(cls, event: Event, request_id: str, bibs: tuple[str, ...]) -> Self:
        """Return the result for a selfie of the people with these BIBs."""
        places = sorted({place for bib in bibs for place in event.gallery.of_bib(bib)})
        return cls(request_id, event.event_id, bibs, [event.gallery.photo(place) for place in places])


@frozen
class ClipJob:
    """One Motion request."""

    search: Search
    started_at: float
    fails: bool

    def phase(self, now: float, clip_seconds: float) -> Phase:
        """Return the job's phase: queued for the first quarter of its time, then processing, then done."""
        age = now - self.started_at
        if age < clip_seconds:
            return "queued" if age < clip_seconds / 4 else "processing"
        if self.fails:
            return "failed"
        return "completed" if self.search.bibs else "no_match"


@frozen
class Charge:
    """One selfie that was matched and charged; ``selfie`` is a digest of the picture."""

    endpoint: str
    event_id: int
    request_id: str
    selfie: str = ""


@define
class SandboxState:
    """All data that changes while a sandbox runs.

    Attributes:
        charges: Each selfie that was matched; a cached result is not charged again.
        key_leaks: Paths of requests with the API key in a wrong place: on the photo host, in the URL, or in
            another header.
        fail_clip_jobs: How many of the next Motion jobs will fail.
        searches: Each selfie search, by event and ``request_id``.
        jobs: Each Motion job, by event and ``request_id``.
        minted: How many ``request_id`` values the sandbox has created.
    """

    seed: int
    org_id: int
    api_key: str
    events: dict[int, Event]
    clip_seconds: float
    charges: list[Charge] = field(factory=list)
    key_leaks: list[str] = field(factory=list)
    fail_clip_jobs: int = 0
    searches: dict[tuple[int, str], Search] = field(factory=dict)
    jobs: dict[tuple[int, str], ClipJob] = field(factory=dict)
    minted: int = 0

    @property
    def searches_charged(self) -> int:
        """Return how many selfies were matched and charged."""
        return len(self.charges)

    def reset(self, seed: int, events: dict[int, Event]) -> None:
        """Forget everything and use these events. The key and the organisation stay the same."""
        self.seed, self.events = seed, events
        self.charges.clear()
        self.key_leaks.clear()
        self.searches.clear()
        self.jobs.clear()
        self.minted = self.fail_clip_jobs = 0

    def change_main_event(self, photos: EventPhotos) -> None:
        """Replace the photos of the main event. Requests in progress use the previous ones."""
        main = next(iter(self.events.values()))
        self.events = self.events | {main.event_id: evolve(main, gallery=photos)}

    def mint_request_id(self) -> str:
        """Return a new ``request_id``; the same seed gives the same ids in each run."""
        self.minted += 1
        return uuid_of(self.seed, "request", self.minted)

    def search(self, event_id: int, request_id: str) -> Search | None:
        """Return an earlier search."""
        return self.searches.get((event_id, request_id))

    def add_search(
        self, endpoint: str, event: Event, request_id: str, bibs: tuple[str, ...], selfie: bytes = b""
    ) -> Search:
        """Store and charge a search, unless a search with its ``request_id`` was stored meanwhile."""
        known = self.search(event.event_id, request_id)
        if known is not None:
            return known
        search = Search.of(event, request_id, bibs)
        self.searches[event.event_id, request_id] = search
        self.charges.append(Charge(endpoint, event.event_id, request_id, digest(selfie.hex()).hex()))
        return search

    def job(self, event_id: int, request_id: str) -> ClipJob | None:
        """Return an earlier Motion job."""
        return self.jobs.get((event_id, request_id))

    def start_job(self, search: Search, now: float) -> ClipJob:
        """Start a Motion job for a search, or return the job that was started earlier."""
        known = self.job(search.event_id, search.request_id)
        if known is not None:
            return known
        fails = self.fail_clip_jobs > 0
        self.fail_clip_jobs -= fails
        job = ClipJob(search, now, fails)
        self.jobs[search.event_id, search.request_id] = job
        return job
