"""``ninepic demo``: what a user of 9Pic does, in the order they do it, against a sandbox on this machine.

Everything it asks of 9Pic goes through the SDK's public face. Against the real service only `take` would
differ: ``NinePic()`` there reads the key and the organisation from the environment.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from ninepic_async import Clip, Event, FaceSearch, ImageItem, NinePic
from ninepic_async.cli.errors import CommandError, UsageError
from ninepic_async.cli.extras import need_sandbox
from ninepic_async.cli.fetch import Manner, check_folder, fetch
from ninepic_async.cli.gallery import make_gallery
from ninepic_async.cli.options import TRACE, Trace, a_folder
from ninepic_async.cli.sources import Found
from ninepic_async.cli.terminal import say
from ninepic_async.cli.timeline import draw
from ninepic_async.cli.words import many
from ninepic_async.download.source import Source
from ninepic_async.gallery import note_bib

if TYPE_CHECKING:
    from ninepic_async.sandbox import Sandbox

_TO: Final = Parameter(converter=a_folder, help="Where photos, clips and the page go.")
_PHOTOS: Final = Parameter(converter=a_folder, help="Use the JPEGs in this folder, not drawn ones.")
PHOTOS_WANTED: Final = 20
MOTION_TIMEOUT_S: Final = 120.0
REQUEST_ID: Final = "5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de"
"""A UUID of our own for the selfie search, so that a second tour finds the first one's clips again."""


class DemoError(CommandError):
    """The service answered, but not with what it should have."""


def demo(
    *,
    to: Annotated[Path, _TO] = Path("ninepic-demo"),
    photos: Annotated[Path | None, _PHOTOS] = None,
    trace: Trace = TRACE,
) -> None:
    """Do what a user of 9Pic does, against a sandbox on this machine."""
    if photos is not None and to.resolve() == photos.resolve():
        raise UsageError("--to and --photos are the same folder: the demo would write between your photos")
    check_folder(to)
    need_sandbox()
    folder = to.resolve()
    asyncio.run(take(folder, photos))
    # Outside of the loop, where Ctrl-C gets through.
    line("Look", str(make_gallery(folder).index))


async def take(to: Path, photos: Path | None = None) -> None:
    """Start a sandbox and take the tour.

    Args:
        to: the folder that the photos and clips go to; it is made if need be.
        photos: a folder of JPEGs to have as the gallery; None draws one.

    Raises:
        NinePicError: a call failed, or a file did not come whole.
        CommandError: an answer was not what it should be, or ``photos`` can't be a gallery.
        OSError: a port could not be opened.
    """
    from ninepic_async.sandbox import FolderError, Sandbox

    try:
        async with Sandbox(folder=photos) as sandbox:
            line("Sandbox", f"{sandbox.base_url}, a stand-in for 9Pic; nothing leaves this machine")
            async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
                await tour(client, sandbox, to)
    except FolderError as error:
        raise CommandError(str(error)) from error


async def tour(client: NinePic, sandbox: Sandbox, to: Path) -> None:
    """Look around an event, find one participant's photos and clips, and fetch them."""
    event = client.event(sandbox.event_id)
    await check_in(event)
    await list_events(client)
    await show_features(event)
    gallery = await walk_gallery(event)
    await show_timeline(event)

    bib = sandbox.bibs[0]
    by_bib = await search_bib(event, bib)
    search = await search_face(event, await asyncio.to_thread(sandbox.selfie, bib), by_bib)
    clips = await wait_for_clips(event, search)

    line("Originals", f"into {to}")
    photos = await fetch_all(event, event.originals(bib=bib), len(by_bib), to)
    await asyncio.to_thread(note_bib, to, bib, by_bib)  # for the page to show
    others = at_least_wanted(gallery, by_bib)
    if others:
        photos += await fetch_all(event, event.originals(image_ids=others), len(others), to)
    films = await fetch_all(event, clips, len(clips), to)

    line("Done", f"{many(photos, 'photo')} and {many(films, 'clip')} are in {to}")


async def check_in(event: Event) -> None:
    """Ping: the safest first call, which checks key, organisation and event at once."""
    pong = await event.ping()
    expect(pong.status == "ok", f"ping answered {pong.status!r}")
    line("Ping", f"{pong.status}: organisation {pong.org_id}, event {pong.event_id}")


async def list_events(client: NinePic) -> None:
    """All events of the organisation, of which a few are shown."""
    events = await client.events().collect()
    expect(bool(events), "the organisation has no events")
    line("Events", f"{len(events)}, among them:")
    for event in events[:3]:
        day = "no date" if event.event_date is None else f"{event.event_date:%d %B %Y}"
        line("", f"{event.event_id}  {event.event_name} ({day}, {event.status})")


async def show_features(event: Event) -> None:
    """What the event's participants may use. A search that is off answers `FeatureDisabledError`."""
    details = await event.details()
    features = {
        "BIB search": details.bib_search,
        "selfie search": details.selfie_search,
        "Motion": details.video_search and details.video_selfie_search,
        "timeline": details.timeline_search,
    }
    switched = (f"{name} {'on' if on else 'off'}" for name, on in features.items())
    line("Features", f"{details.event_name}: {', '.join(switched)}")


async def walk_gallery(event: Event) -> list[ImageItem]:
    """Every photo, in the order of capture. Pages are fetched ahead while this loop is at work."""
    photos = [photo async for photo in event.photos()]
    total = (await event.photos().first_page()).pagination.total
    expect(len(photos) == total, f"the gallery gave {len(photos)} photos of {total}")
    line("Photos", f"{many(total, 'photo')}, the first: {photos[0].thumbnail_url}")
    return photos


async def show_timeline(event: Event) -> None:
    """How many photos were taken when, and those of the busiest hour."""
    days = await event.timeline_days()
    if not days:
        line("Timeline", "no photo has a capture time")
        return
    line("Timeline", f"{many(sum(day.total for day in days), 'photo')} with a capture time")
    draw(days)
    count, day, hour = max((hour.count, day.date, hour.hour) for day in days for hour in day.hours)
    start = datetime.combine(day, time(hour), UTC)
    photos = await event.timeline_photos(start, start + timedelta(hours=1)).collect()
    expect(len(photos) == count, f"the hour from {start:%H:%M} has {len(photos)} photos, not {count}")
    line("", f"busiest from {start:%d %B %H:%M} UTC, with {count}")


async def search_bib(event: Event, bib: str) -> list[ImageItem]:
    """One participant's photos, by the number on the chest."""
    photos = await event.bib_search(bib).collect()
    expect(bool(photos), f"no photos of BIB {bib}")
    line("BIB", f"{bib} is in {many(len(photos), 'photo')}, the first: {photos[0].img_url}")
    return photos


async def search_face(event: Event, selfie: bytes, by_bib: list[ImageItem]) -> FaceSearch:
    """The same participant's photos, by a selfie: one upload, one charge, however often it is retried."""
    search = await event.face_search(selfie, request_id=REQUEST_ID)
    found = {photo.image_id async for photo in search}
    expect(bool(found), "the selfie is in no photo")
    both = len(found & {photo.image_id for photo in by_bib})
    line("Selfie", f"found {many(search.total, 'photo')}, {both} of which the BIB search found too")
    line("", f"kept as request_id {search.request_id}")
    return search


async def wait_for_clips(event: Event, search: FaceSearch) -> tuple[Clip, ...]:
    """Clips of the same person from the event's videos. The search is known, so nothing is uploaded."""
    job = await event.start_clips(request_id=search.request_id)
    async for status in job.updates(timeout=MOTION_TIMEOUT_S):
        line("Motion", status.status)
    result = await job.wait(timeout=MOTION_TIMEOUT_S)
    expect(bool(result.clips), "Motion found no clip")
    line("", f"{many(len(result.clips), 'clip')}, the first: {result.clips[0].url}")
    return result.clips


async def fetch_all(event: Event, source: Source, count: int, to: Path) -> int:
    """Fetch all of a source. Links are signed as they are needed, and what is there already is left alone."""
    report = await fetch(event, Found(source, count), to, Manner())
    report.raise_for_failures()
    files = report.done + report.skipped
    expect(files == count, f"{files} files came, of {count}")
    line("", f"{report.done} fetched, {report.skipped} were there already")
    return files


def at_least_wanted(gallery: list[ImageItem], have: list[ImageItem]) -> list[str]:
    """Further photos of the event, where the participant is in fewer than we want to show."""
    had = {photo.image_id for photo in have}
    others = [photo.image_id for photo in gallery if photo.image_id not in had]
    return others[: max(0, PHOTOS_WANTED - len(have))]


def expect(condition: bool, otherwise: str) -> None:
    """Go on only if all is well."""
    if not condition:
        raise DemoError(otherwise)


def line(label: str, text: str) -> None:
    """Say something about a step of the tour."""
    say(f"{label:<11}{text}")
