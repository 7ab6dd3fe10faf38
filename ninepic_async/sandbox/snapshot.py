"""A sandbox's memory as a document: taken, kept as JSON, and put back."""

from __future__ import annotations

from attrs import asdict, frozen

from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.state import Charge, ClipJob, SandboxState, Search


@frozen(kw_only=True)
class KeptSearch:
    """A search; its photos follow from the BIBs."""

    event_id: int
    request_id: str
    bibs: tuple[str, ...]


@frozen(kw_only=True)
class KeptJob:
    """A Motion job of one of the searches, as old as it was when the snapshot was taken."""

    event_id: int
    request_id: str
    age_s: float
    fails: bool = False


@frozen(kw_only=True)
class Snapshot:
    """Everything a sandbox remembers of its users.

    Attributes:
        seed: What the events, BIBs and ids followed from.
        photos: How many photos the main event's drawn gallery had; None where they came from a folder.
        request_ids: How many ``request_id`` the sandbox had given out of its own.
        searches: Each selfie search whose result is known.
        jobs: Each Motion job.
        charges: Each selfie that was matched and charged.
        key_leaks: Paths on the photo host that were asked for with the API key.
        fail_clip_jobs: How many of the next Motion jobs are to fail.
    """

    seed: int
    photos: int | None = None
    request_ids: int = 0
    searches: tuple[KeptSearch, ...] = ()
    jobs: tuple[KeptJob, ...] = ()
    charges: tuple[Charge, ...] = ()
    key_leaks: tuple[str, ...] = ()
    fail_clip_jobs: int = 0

    def as_json(self) -> dict[str, object]:
        """The document, of plain values."""
        return asdict(self)


def take(state: SandboxState, photos: int | None, now: float) -> Snapshot:
    """What a sandbox remembers at this moment."""
    return Snapshot(
        seed=state.seed,
        photos=photos,
        request_ids=state.minted,
        searches=tuple(_kept(search) for search in state.searches.values()),
        jobs=tuple(
            KeptJob(event_id=event_id, request_id=request_id, age_s=now - job.started_at, fails=job.fails)
            for (event_id, request_id), job in state.jobs.items()
        ),
        charges=tuple(state.charges),
        key_leaks=tuple(state.key_leaks),
        fail_clip_jobs=state.fail_clip_jobs,
    )


def put_back(snapshot: Snapshot, state: SandboxState, events: dict[int, Event], now: float) -> None:
    """Make a sandbox begin anew with events, remembering what a snapshot holds.

    Raises:
        ValueError: The snapshot contradicts itself or the events; nothing was changed.
    """
    found = [_search(kept, events) for kept in snapshot.searches]
    searches = {(search.event_id, search.request_id): search for search in found}
    jobs = {}
    for kept in snapshot.jobs:
        key = (kept.event_id, kept.request_id)
        if key not in searches:
            raise ValueError(f"jobs: there is no search {kept.request_id} in event {kept.event_id}")
        jobs[key] = ClipJob(searches[key], now - kept.age_s, kept.fails)
    state.begin_anew(snapshot.seed, events)
    state.searches.update(searches)
    state.jobs.update(jobs)
    state.charges.extend(snapshot.charges)
    state.key_leaks.extend(snapshot.key_leaks)
    state.minted = snapshot.request_ids
    state.fail_clip_jobs = snapshot.fail_clip_jobs


def _kept(search: Search) -> KeptSearch:
    return KeptSearch(event_id=search.event_id, request_id=search.request_id, bibs=search.bibs)


def _search(kept: KeptSearch, events: dict[int, Event]) -> Search:
    event = events.get(kept.event_id)
    if event is None:
        raise ValueError(f"searches: there is no event {kept.event_id}")
    missing = [bib for bib in kept.bibs if bib not in event.gallery.bibs]
    if missing:
        raise ValueError(f"searches: nobody in event {kept.event_id} wears BIB {missing[0]!r}")
    return Search.of(event, kept.request_id, kept.bibs)
