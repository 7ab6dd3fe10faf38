"""One call for each endpoint, giving something that can be compared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from attrs import frozen

from ninepic_async import NinePic
from ninepic_async.sandbox import Sandbox

from .tour import Participants


@frozen
class Scene:
    """What the calls are about: an event, a participant in it, and a search made before."""

    event_id: int
    bib: str
    selfie: bytes
    request_id: str


Call = Callable[[NinePic, Scene], Awaitable[object]]


def scene_in(sb: Sandbox, people: Participants, event_id: int | None = None) -> Scene:
    """Put a finished search and its Motion job into the sandbox."""
    event = sb.event if event_id is None else sb.state.events[event_id]
    search = sb.state.add_search("face_search", event, str(uuid4()), (people.bib,))
    sb.state.start_job(search, sb.clock.now() - sb.clip_seconds)
    sb.state.charges.clear()
    return Scene(event.event_id, people.bib, people.selfie, search.request_id)


async def _face_search(client: NinePic, scene: Scene) -> object:
    search = await client.event(scene.event_id).face_search(scene.selfie, request_id=scene.request_id)
    return search.images


CALLS: Final[dict[str, Call]] = {
    "events": lambda client, scene: client.events().collect(),
    "ping": lambda client, scene: client.event(scene.event_id).ping(),
    "details": lambda client, scene: client.event(scene.event_id).details(),
    "photos": lambda client, scene: client.event(scene.event_id).photos().collect(),
    "bib_search": lambda client, scene: client.event(scene.event_id).bib_search(scene.bib).collect(),
    "face_search": _face_search,
    "face_results": lambda client, scene: (
        client.event(scene.event_id).face_results(scene.request_id).collect()
    ),
    "timeline_days": lambda client, scene: client.event(scene.event_id).timeline_days(),
    "timeline_photos": lambda client, scene: (
        client.event(scene.event_id)
        .timeline_photos(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        .collect()
    ),
    "start_clips": lambda client, scene: client.event(scene.event_id).start_clips(search=scene.request_id),
    "clip_status": lambda client, scene: client.event(scene.event_id).clip_job(scene.request_id).status(),
    "originals": lambda client, scene: client.event(scene.event_id).originals(bib=scene.bib).collect(),
}
"""By the name of the endpoint, which is the same in the client and the sandbox."""
