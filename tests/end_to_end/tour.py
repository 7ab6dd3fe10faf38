"""One walk through the whole client, and what it saw, freed of ports and request ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import orjson
from attrs import frozen

from ninepic_async import Event, NinePic
from ninepic_async.sandbox import Dialect, ManualClock, Sandbox

from .clients import PHOTOS, client_of

Tour = dict[str, Any]


@frozen
class Participants:
    bib: str
    selfie: bytes
    stranger: bytes


async def take_tour(dialect: Dialect, people: Participants) -> Tour:
    clock = ManualClock()
    async with (
        Sandbox(photos=PHOTOS, dialect=dialect, clock=clock) as sb,
        client_of(sb) as client,
    ):
        event = client.event(sb.event_id)
        ids: list[str] = []
        seen = {
            **await _see_event(client, event),
            **await _see_searches(event, people.selfie, ids),
            **await _see_nobody(client.event(empty_event_id(sb)), people.selfie, sb, ids),
            **await _see_motion(event, ids[0], sb, clock),
            "bib": await event.bib_search(people.bib).collect(),
            **await _see_originals(event, people.bib, ids[0]),
            "charges": [charge.endpoint for charge in sb.state.charges],
            "key_leaks": sb.state.key_leaks,
        }
        text = orjson.dumps(seen, default=_jsonable).decode().replace(sb.photos_url, "https://photos")
        for request_id in ids:
            text = text.replace(request_id, "request-id")
        found: Tour = orjson.loads(text)
        return found


def empty_event_id(sb: Sandbox) -> int:
    """Give an event with all features and no photos: a selfie is matched, and charged, in no time."""
    return sb.events[8].event_id


async def _see_event(client: NinePic, event: Event) -> Tour:
    days = await event.timeline_days()
    midnight = datetime.combine(days[0].date, datetime.min.time(), UTC)
    return {
        "events": await client.events().collect(),
        "ping": await event.ping(),
        "details": await event.details(),
        "photos": await event.photos().collect(),
        "days": days,
        "first_day": await event.timeline_photos(midnight, midnight + timedelta(days=1)).collect(),
    }


async def _see_searches(event: Event, selfie: bytes, ids: list[str]) -> Tour:
    search = await event.face_search(selfie, page_size=10)
    ids.append(search.request_id)
    return {
        "face": await search.collect(),
        "face_total": search.total,
        "face_confidence": search.confidence_percentage,
        "face_results": await event.face_results(search.request_id).collect(),
    }


async def _see_nobody(event: Event, selfie: bytes, sb: Sandbox, ids: list[str]) -> Tour:
    """Search and Motion by selfie where there is nothing to find."""
    clip_seconds, sb.state.clip_seconds = sb.state.clip_seconds, 0
    search = await event.face_search(selfie)
    result = await event.clips(selfie=selfie, timeout=5)
    ids += [search.request_id, result.request_id]
    state = (await event.clip_job(result.request_id).status()).state
    sb.state.clip_seconds = clip_seconds
    return {
        "nobody": [*await search.collect(), *await event.bib_search("0").collect()],
        "nobodys_clips": result.clips,
        "nobodys_state": state,
    }


async def _see_motion(event: Event, request_id: str, sb: Sandbox, clock: ManualClock) -> Tour:
    job = await event.start_clips(request_id=request_id)
    states = []
    for _ in range(2):
        states.append((await job.status()).state)
        clock.advance(sb.clip_seconds / 2)
    clock.advance(sb.clip_seconds)
    result = await job.wait(timeout=5)
    states.append((await job.status()).state)
    return {"clip_states": states, "clips": result.clips}


async def _see_originals(event: Event, bib: str, request_id: str) -> Tour:
    image_ids = [photo.image_id for photo in await event.photos().collect(limit=3)]
    return {
        "originals_of_bib": await event.originals(bib=bib).collect(),
        "originals_of_selfie": await event.originals(selfie=request_id).collect(),
        "original": await event.originals(image_id=image_ids[0]).collect(),
        "originals_of_ids": await event.originals(image_ids=image_ids).collect(),
    }


def _jsonable(value: object) -> object:
    kind: type = type(value)
    if attrs.has(kind):
        return {field.name: getattr(value, field.name) for field in attrs.fields(kind)}
    raise TypeError(kind.__name__)
