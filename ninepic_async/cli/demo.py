"""``ninepic demo``: use every part of the SDK with a sandbox on this machine.

It uses public names only. With the real service, only `take` would differ: ``NinePic()`` would read the key
and the organisation from the environment.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from ninepic_async import Event, FaceSearch, ImageItem, Memories, NinePic
from ninepic_async._support.text import count_text
from ninepic_async.cli.errors import CommandError, UsageError, need_sandbox
from ninepic_async.cli.fetch import FetchOptions, check_folder, fetch
from ninepic_async.cli.gallery import make_gallery
from ninepic_async.cli.options import ROWS, TRACE, Trace, folder_path
from ninepic_async.cli.selection import Found
from ninepic_async.cli.terminal import print_line
from ninepic_async.cli.timeline import write_days
from ninepic_async.download.source import Source
from ninepic_async.gallery import note_bib, note_found_by

if TYPE_CHECKING:
    from ninepic_async.sandbox import Sandbox

_TO: Final = Parameter(converter=folder_path, help="The folder for photos, clips and the page.")
_PHOTOS: Final = Parameter(converter=folder_path, help="Use the JPEGs in this folder instead of drawn ones.")
PHOTOS_WANTED: Final = 20
MOTION_TIMEOUT_S: Final = 120.0
REQUEST_ID: Final = "5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de"
"""The selfie search's id. It is fixed, so that a second run finds the clips of the first run again."""


class DemoError(CommandError):
    """The service's reply is not the expected one."""


def demo(
    *,
    to: Annotated[Path, _TO] = Path("ninepic-demo"),
    photos: Annotated[Path | None, _PHOTOS] = None,
    trace: Trace = TRACE,
) -> None:
    """Try every call with a sandbox on this machine."""
    if photos is not None and to.resolve() == photos.resolve():
        raise UsageError("--to and --photos are the same folder: give another --to")
    check_folder(to)
    need_sandbox()
    folder = to.resolve()
    asyncio.run(take(folder, photos))
    # Make the page after the loop has ended, because Ctrl-C works there.
    line("Look", str(make_gallery(folder).index))


async def take(to: Path, photos: Path | None = None) -> None:
    """Start a sandbox and run the tour.

    Args:
        to: the folder for photos and clips; created if it does not exist.
        photos: a folder of JPEGs to serve as the event's photos; None draws them.

    Raises:
        NinePicError: a call failed, or a file is incomplete.
        CommandError: a reply is not the expected one, or ``photos`` can't be served.
        OSError: a port could not be opened.
    """
    from ninepic_async.sandbox import FolderError, Sandbox

    try:
        async with Sandbox(folder=photos) as sandbox:
            line("Sandbox", f"{sandbox.base_url}, in place of 9Pic; nothing is sent to other machines")
            async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
                await tour(client, sandbox, to)
    except FolderError as error:
        raise CommandError(str(error)) from error


async def tour(client: NinePic, sandbox: Sandbox, to: Path) -> None:
    """Show an event, find one participant's photos and clips, and fetch them."""
    event = client.event(sandbox.event_id)
    await check_in(event)
    await list_events(client)
    await show_features(event)
    gallery = await walk_gallery(event)
    await show_timeline(event)

    bib = sandbox.bibs[0]
    by_bib = await search_bib(event, bib)
    search = await search_face(event, await asyncio.to_thread(sandbox.selfie, bib), by_bib)
    await wait_for_clips(event, search)
    memories = await gather_memories(event, bib, search)

    line("Originals", f"into {to}")
    mine = list(memories)
    photos = await fetch_all(event, event.originals(photos=mine), len(mine), to)
    await asyncio.to_thread(note, to, bib, by_bib, memories)
    others = at_least_wanted(gallery, mine)
    if others:
        photos += await fetch_all(event, event.originals(image_ids=others), len(others), to)
    films = await fetch_all(event, memories.clips, len(memories.clips), to)

    line("Done", f"{count_text(photos, 'photo')} and {count_text(films, 'clip')} are in {to}")


async def check_in(event: Event) -> None:
    """Check key, organisation and event in one call."""
    pong = await event.ping()
    expect(pong.status == "ok", f"ping returned {pong.status!r}")
    line("Ping", f"{pong.status}: organisation {pong.org_id}, event {pong.event_id}")


async def list_events(client: NinePic) -> None:
    """List all events of the organisation; print a few."""
    events = await client.events().collect()
    expect(bool(events), "the organisation has no events")
    line("Events", f"{len(events)}, among them:")
    for event in events[:3]:
        day = "no date" if event.event_date is None else f"{event.event_date:%d %B %Y}"
        line("", f"{event.event_id}  {event.event_name} ({day}, {event.status})")


async def show_features(event: Event) -> None:
    """Print which searches the event offers. A search that is off raises `FeatureDisabledError`."""
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
    """List every photo by capture time. Pages are fetched ahead while this loop runs."""
    photos = [photo async for photo in event.photos()]
    total = (await event.photos().first_page()).pagination.total
    expect(len(photos) == total, f"the gallery has {total} photos, but only {len(photos)} were listed")
    line("Photos", f"{count_text(total, 'photo')}, the first: {photos[0].thumbnail_url}")
    return photos


async def show_timeline(event: Event) -> None:
    """Draw the timeline and list the photos of the busiest hour."""
    days = await event.timeline_days()
    if not days:
        line("Timeline", "no photo has a capture time")
        return
    line("Timeline", f"{count_text(sum(day.total for day in days), 'photo')} with a capture time")
    write_days(days, ROWS.form)
    count, day, hour = max((hour.count, day.date, hour.hour) for day in days for hour in day.hours)
    start = datetime.combine(day, time(hour), UTC)
    photos = await event.timeline_photos(start, start + timedelta(hours=1)).collect()
    expect(len(photos) == count, f"the hour from {start:%H:%M} has {len(photos)} photos, not {count}")
    line("", f"busiest from {start:%d %B %H:%M} UTC, with {count}")


async def search_bib(event: Event, bib: str) -> list[ImageItem]:
    """Find one participant's photos by BIB number."""
    photos = await event.bib_search(bib).collect()
    expect(bool(photos), f"no photos of BIB {bib}")
    line("BIB", f"{bib} is in {count_text(len(photos), 'photo')}, the first: {photos[0].img_url}")
    return photos


async def search_face(event: Event, selfie: bytes, by_bib: list[ImageItem]) -> FaceSearch:
    """Find the same participant's photos by selfie: one upload and one charge, retries included."""
    search = await event.face_search(selfie, request_id=REQUEST_ID)
    found = {photo.image_id async for photo in search}
    expect(bool(found), "the selfie is in no photo")
    both = len(found & {photo.image_id for photo in by_bib})
    line("Selfie", f"found {count_text(search.total, 'photo')}, {both} of which the BIB search found too")
    line("", f"kept as request_id {search.request_id}")
    return search


async def wait_for_clips(event: Event, search: FaceSearch) -> None:
    """Find clips of the same person. They start from the selfie search, so nothing is uploaded."""
    job = await event.start_clips(search=search.request_id)
    async for status in job.updates(timeout=MOTION_TIMEOUT_S):
        line("Motion", status.status)
    result = await job.wait(timeout=MOTION_TIMEOUT_S)
    expect(bool(result.clips), "Motion found no clip")
    line("", f"{count_text(len(result.clips), 'clip')}, the first: {result.clips[0].url}")


async def gather_memories(event: Event, bib: str, search: FaceSearch) -> Memories:
    """Gather the same photos and clips in one call. Nothing is uploaded or charged again."""
    memories = await event.memories(bib=bib, search=search.request_id, clips=True)
    for name, part in memories.parts.items():
        expect(part.state == "done", f"the part {name!r} of the memories is {part.state}: {part.error}")
    found = f"{count_text(len(memories), 'photo')} and {count_text(len(memories.clips), 'clip')}"
    both = sum(len(ways) > 1 for ways in memories.found_by.values())
    line("Memories", f"{found} in one call, {both} found by BIB and by selfie")
    return memories


def note(to: Path, bib: str, by_bib: list[ImageItem], memories: Memories) -> None:
    """Store facts for the page in the folder: the BIB, and how each photo was found."""
    note_bib(to, bib, by_bib)
    note_found_by(to, memories.found_by)


async def fetch_all(event: Event, source: Source, count: int, to: Path) -> int:
    """Fetch all files of a source. Links are signed when needed, and complete files are not fetched again."""
    report = await fetch(event, Found(source, count), to, FetchOptions())
    report.raise_for_failures()
    files = report.done + report.skipped
    expect(files == count, f"only {files} of {count} files were fetched")
    line("", f"{report.done} fetched, {report.skipped} already there")
    return files


def at_least_wanted(gallery: list[ImageItem], have: list[ImageItem]) -> list[str]:
    """Return ids of other photos of the event, if the participant is in fewer than `PHOTOS_WANTED`."""
    fetched = {photo.image_id for photo in have}
    others = [photo.image_id for photo in gallery if photo.image_id not in fetched]
    return others[: max(0, PHOTOS_WANTED - len(have))]


def expect(condition: bool, otherwise: str) -> None:
    """Raise `DemoError` unless a condition holds."""
    if not condition:
        raise DemoError(otherwise)


def line(label: str, text: str) -> None:
    """Print a line about a step of the tour."""
    print_line(f"{label:<11}{text}")
