"""A race to look at: the sandbox's drawn photos and clips, fetched as a user would fetch them."""

from __future__ import annotations

from pathlib import Path

from ninepic_async import NinePic
from ninepic_async.gallery import note_bib, write_gallery
from ninepic_async.sandbox import Sandbox

TITLE = "Mumbai Marathon 2026"


async def fetch_race(folder: Path, photos: int, seed: int = 7) -> Path:
    """Fetch everything there is into a folder; give its gallery's page."""
    async with (
        Sandbox(photos=photos, seed=seed, clip_seconds=0) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        event = client.event(sandbox.event_id)
        ids = [photo.image_id async for photo in event.photos()]
        report = await event.download(event.originals(image_ids=ids), folder)
        report.raise_for_failures()
        for bib in sandbox.bibs:
            if bib.isascii():  # the machine that draws may have no other letters
                note_bib(folder, bib, await event.bib_search(bib).collect())
        clips = await event.clips(selfie=sandbox.selfie(sandbox.bibs[0]))
        report = await event.download(clips.clips, folder)
        report.raise_for_failures()
    return write_gallery(folder, title=TITLE).index
