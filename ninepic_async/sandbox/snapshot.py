"""Save a sandbox's state as a JSON document, and restore it."""

from __future__ import annotations

from attrs import asdict, frozen

from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.state import Charge, ClipJob, SandboxState, Search


@frozen(kw_only=True)
class SavedSearch:
    """A search; its photos follow from the BIBs."""

    event_id: int
    request_id: str
    bibs: tuple[str, ...]


@frozen(kw_only=True)
class SavedJob:
    """A Motion job of one of the searches; ``age_s`` is its age when the snapshot was taken."""

    event_id: int
    request_id: str
    age_s: float
    fails: bool = False


@frozen(kw_only=True)
class Snapshot:
    """The state of a sandbox.

    Attributes:
        seed: The seed of events, BIBs and ids.
        photos: How many photos were drawn for the main event; None if they came from a folder.
        request_ids: How many ``request_id`` the sandbox had minted.
        searches: Each selfie search.
        jobs: Each Motion job.
        charges: Each selfie that was matched and charged.
        key_leaks: Paths of requests with the API key in a wrong place.
        fail_clip_jobs: How many of the next Motion jobs will fail.
    """

    seed: int
    photos: int | None = None
    request_ids: int = 0
    searches: tuple[SavedSearch, ...] = ()
    jobs: tuple[SavedJob, ...] = ()
    charges: tuple[Charge, ...] = ()
    key_leaks: tuple[str, ...] = ()
    fail_clip_jobs: int = 0

    def as_json(self) -> dict[str, object]:
        """Return the snapshot as plain JSON values."""
        return asdict(self)


def take_snapshot(state: SandboxState, photos: int | None, now: float) -> Snapshot:
    """Return the state at this moment."""
    return Snapshot(
        seed=state.seed,
        photos=photos,
        request_ids=state.minted,
        searches=tuple(_saved(search) for search in state.searches.values()),
        jobs=tuple(
            SavedJob(event_id=event_id, request_id=request_id, age_s=now - job.started_at, fails=job.fails)
            for (event_id, request_id), job in state.jobs.items()
        ),
        charges=tuple(state.charges),
        key_leaks=tuple(state.key_leaks),
        fail_clip_jobs=state.fail_clip_jobs,
    )


def restore_snapshot(snapshot: Snapshot, state: SandboxState, events: dict[int, Event], now: float) -> None:
    """Replace the state by a snapshot's.

    Raises:
        ValueError: The snapshot contradicts itself or the events; the state is unchanged.
    """
    found = [_search(saved, events) for saved in snapshot.searches]
    searches = {(search.event_id, search.request_id): search for search in found}
    jobs = {}
    for saved in snapshot.jobs:
        key = (saved.event_id, saved.request_id)
        if key not in searches:
            raise ValueError(f"jobs: there is no search {saved.request_id} in event {saved.event_id}")
        jobs[key] = ClipJob(searches[key], now - saved.age_s, saved.fails)
    state.reset(snapshot.seed, events)
    state.searches.update(searches)
    state.jobs.update(jobs)
    state.charges.extend(snapshot.charges)
    state.key_leaks.extend(snapshot.key_leaks)
    state.minted = snapshot.request_ids
    state.fail_clip_jobs = snapshot.fail_clip_jobs


def _saved(search: Search) -> SavedSearch:
    return SavedSearch(event_id=search.event_id, request_id=search.request_id, bibs=search.bibs)


def _search(saved: SavedSearch, events: dict[int, Event]) -> Search:
    event = events.get(saved.event_id)
    if event is None:
        raise ValueError(f"searches: there is no event {saved.event_id}")
    missing = [bib for bib in saved.bibs if bib not in event.gallery.bibs]
    if missing:
        raise ValueError(f"searches: nobody in event {saved.event_id} has BIB {missing[0]!r}")
    return Search.of(event, saved.request_id, saved.bibs)
