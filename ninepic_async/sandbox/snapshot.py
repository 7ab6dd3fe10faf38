"""Save a sandbox's state as a JSON document, and restore it."""

from __future__ import annotations

from attrs import asdict, evolve, frozen

from ninepic_async.sandbox.drawn_photos import DrawnPhotos
from ninepic_async.sandbox.event_photos import EventPhotos, Photo
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.state import Charge, ClipJob, SandboxState, Search


@frozen(kw_only=True)
class SavedSearch:
    """A search; ``photos`` are the ids of the result, or None if the result is all photos of the BIBs."""

    event_id: int
    request_id: str
    bibs: tuple[str, ...]
    photos: tuple[str, ...] | None = None


@frozen(kw_only=True)
class SavedPhoto:
    """A drawn photo that was added while the sandbox ran."""

    index: int
    taken_at: int | None


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
        request_ids: How many ``request_id`` values the sandbox had created.
        searches: Each selfie search.
        jobs: Each Motion job.
        charges: Each selfie that was matched and charged.
        key_leaks: Paths of requests with the API key in a wrong place.
        fail_clip_jobs: How many of the next Motion jobs will fail.
        added: Drawn photos that were added to the main event.
        removed: The ids of photos that were removed from it.
    """

    seed: int
    photos: int | None = None
    request_ids: int = 0
    searches: tuple[SavedSearch, ...] = ()
    jobs: tuple[SavedJob, ...] = ()
    charges: tuple[Charge, ...] = ()
    key_leaks: tuple[str, ...] = ()
    fail_clip_jobs: int = 0
    added: tuple[SavedPhoto, ...] = ()
    removed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the snapshot as plain JSON values."""
        return asdict(self)


def take_snapshot(state: SandboxState, photos: int | None, now: float) -> Snapshot:
    """Return the state at this moment."""
    main = next(iter(state.events.values())).gallery
    added = main.added if isinstance(main.source, DrawnPhotos) else ()
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
        added=tuple(SavedPhoto(index=photo.index, taken_at=photo.taken_at) for photo in added),
        removed=tuple(sorted(main.removed)),
    )


def restore_snapshot(snapshot: Snapshot, state: SandboxState, events: dict[int, Event], now: float) -> None:
    """Replace the state with that of a snapshot.

    Raises:
        ValueError: The snapshot contradicts itself or the events; the state is unchanged.
    """
    events = _with_changes(snapshot, events)
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
    return SavedSearch(
        event_id=search.event_id,
        request_id=search.request_id,
        bibs=search.bibs,
        photos=tuple(photo.image_id for photo in search.photos),
    )


def _with_changes(snapshot: Snapshot, events: dict[int, Event]) -> dict[int, Event]:
    """Return the events, with the photos of the main event changed as in the snapshot."""
    main = next(iter(events.values()))
    source = main.gallery.source
    added = []
    for photo in snapshot.added:
        if not isinstance(source, DrawnPhotos) or photo.index < source.total:
            raise ValueError(f"added: a photo with the index {photo.index} can't be drawn")
        added.append(source.photo_at(photo.index, photo.taken_at))
    photos = EventPhotos(source, added)
    unknown = [image_id for image_id in snapshot.removed if photos.find(image_id) is None]
    if unknown:
        raise ValueError(f"removed: the main event has no photo {unknown[0]!r}")
    changed = EventPhotos(source, added, frozenset(snapshot.removed))
    return events | {main.event_id: evolve(main, gallery=changed)}


def _search(saved: SavedSearch, events: dict[int, Event]) -> Search:
    event = events.get(saved.event_id)
    if event is None:
        raise ValueError(f"searches: there is no event {saved.event_id}")
    missing = [bib for bib in saved.bibs if bib not in event.gallery.source.participants]
    if missing:
        raise ValueError(f"searches: event {saved.event_id} has no participant with BIB {missing[0]!r}")
    if saved.photos is None:
        return Search.of(event, saved.request_id, saved.bibs)
    photos = [_photo(event, image_id) for image_id in saved.photos]
    return Search(saved.request_id, event.event_id, saved.bibs, photos)


def _photo(event: Event, image_id: str) -> Photo:
    photo = event.gallery.find(image_id)
    if photo is None:
        raise ValueError(f"searches: there is no photo {image_id!r} in event {event.event_id}")
    return photo
