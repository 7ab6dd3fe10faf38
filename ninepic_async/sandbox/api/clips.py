"""Find the source videos that show a runner, and the time of the clip in each."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.links import Links
from ninepic_async.sandbox.seeded import seeded_rng, uuid_of
from ninepic_async.sandbox.state import Search

VIDEOS_PER_EVENT = 3
CLIP_LENGTH_S = 2.0


@frozen
class ClipItem:
    """One clip of a runner, cut from one source video."""

    url: str
    video_id: str
    start_s: float
    duration_s: float
    thumbnail_url: str | None


def video_ids(event: Event) -> tuple[str, ...]:
    """Return the ids of the event's source videos."""
    return tuple(uuid_of(event.event_id, "video", place) for place in range(VIDEOS_PER_EVENT))


def clips_of(event: Event, search: Search, links: Links) -> Sequence[ClipItem]:
    """Return a clip for each source video that shows the runner; the first video always does."""
    rng = seeded_rng(event.event_id, "clips", *search.bibs)
    poster = search.photos[0].image_id if search.photos else None
    clips = []
    for place, video_id in enumerate(video_ids(event)):
        shown, start_s = rng.random() < 0.6, round(rng.uniform(3, 900), 1)
        if place == 0 or shown:
            url = links.clip(event.event_id, search.request_id, video_id)
            thumbnail = links.photo(event.event_id, "small", poster) if poster and place == 0 else None
            clips.append(ClipItem(url, video_id, start_s, CLIP_LENGTH_S, thumbnail))
    return clips
