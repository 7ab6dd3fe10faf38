"""The organisation's events, their features and their photos."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from attrs import asdict, evolve, fields_dict, frozen

from ninepic_async.sandbox.drawn_photos import DrawnPhotos
from ninepic_async.sandbox.event_photos import EventPhotos, PhotoSource
from ninepic_async.sandbox.seeded import digest, seeded_rng

EVENT_COUNT: Final = 24
SIDE_PHOTOS: Final = 60
_CITIES: Final = (
    "Mumbai Marathon", "Delhi Half Marathon", "Bengaluru 10K", "Chennai Coast Run", "Pune Hill Run",
    "Hyderabad Night Run", "Kolkata River Run", "Jaipur Heritage Run", "Goa Beach Ultra", "Kochi Spice Run",
    "Ladakh High Run", "Mysuru Palace Run",
)  # fmt: skip


@frozen(kw_only=True)
class Features:
    """The features of an event that are on."""

    bib_search: bool = True
    selfie_search: bool = True
    name_search: bool = True
    video_search: bool = True
    video_selfie_search: bool = True
    timeline_search: bool = True


@frozen(kw_only=True, eq=False)
class Event:
    """One event.

    Attributes:
        event_id: Its number.
        name: Its name.
        date: When it starts.
        gallery: Its photos.
        status: ``"active"``, ``"draft"`` or ``"archived"``.
        cover: The form of ``cover_image``: a URL, a path or null.
        features: The features that are on.
        bare: Whether everything that can be null is null.
        configured: Whether it has a configuration; without one, its endpoints answer 404.
        sizeless: Whether its photos have no width and height.
    """

    event_id: int
    name: str
    date: datetime
    gallery: EventPhotos
    status: str = "active"
    cover: Literal["url", "path"] | None = "url"
    features: Features = Features()
    bare: bool = False
    configured: bool = True
    sizeless: bool = False

    @property
    def slug(self) -> str:
        """Return the event's name as part of a URL."""
        return self.name.casefold().replace(" ", "-")

    def missing(self, *needed: str) -> str | None:
        """Return the first of the needed features that is off, if any."""
        flags = asdict(self.features)
        return next((name for name in needed if not flags[name]), None)


def make_events(seed: int, photos: int, main: PhotoSource | None = None) -> dict[int, Event]:
    """Return all events by id. The first, the main event, has all features, and ``main`` or drawn photos."""
    rng = seeded_rng(seed, "events")
    ids = [rng.randrange(300, 900)]
    while len(ids) < EVENT_COUNT:
        ids.append(ids[-1] + rng.randrange(3, 40))
    events = [
        _event(seed, place, event_id, photos if place == 0 else _side_photos(place))
        for place, event_id in enumerate(ids)
    ]
    if main is not None:
        events[0] = evolve(events[0], gallery=EventPhotos(main))
    return {event.event_id: event for event in events}


def unchanged(events: Mapping[int, Event]) -> dict[int, Event]:
    """Return the events with their original photos: nothing added, nothing removed."""
    return {event_id: _unchanged(event) for event_id, event in events.items()}


def _unchanged(event: Event) -> Event:
    return evolve(event, gallery=EventPhotos(event.gallery.source)) if event.gallery.is_changed else event


def _event(seed: int, place: int, event_id: int, photos: int) -> Event:
    date = datetime(2026, 1, 17, 6, 0, tzinfo=UTC) + timedelta(weeks=2 * place)
    midnight = int(date.replace(hour=0).timestamp())
    ordinary = Event(
        event_id=event_id,
        name=f"{_CITIES[place % len(_CITIES)]} {2026 + place // len(_CITIES)}",
        date=date,
        gallery=EventPhotos(DrawnPhotos(f"{seed}/{event_id}", photos, midnight)),
    )
    return evolve(ordinary, **_SPECIAL.get(place, {}))


def _side_photos(place: int) -> int:
    return SIDE_PHOTOS if place < 5 else 0


_NOTHING: Final = Features(**dict.fromkeys(fields_dict(Features), False))
_SPECIAL: Final[Mapping[int, Mapping[str, Any]]] = {
    1: {"features": Features(bib_search=False)},
    2: {"features": Features(video_search=False, video_selfie_search=False)},
    3: {"features": Features(timeline_search=False, video_selfie_search=False)},
    4: {"status": "draft", "cover": "path", "sizeless": True},
    5: {"status": "draft", "cover": None, "bare": True},
    6: {"status": "archived", "features": _NOTHING},
    7: {"status": "draft", "cover": None, "configured": False},
}
"""How some events differ from an ordinary one, by their place in the list."""


def api_key_of(seed: int) -> str:
    """Return the organisation's API key."""
    return f"9pic_sandbox_{digest(seed, 'key').hex()}"


def org_id_of(seed: int) -> int:
    """Return the organisation's number."""
    return seeded_rng(seed, "org").randrange(100, 1000)
