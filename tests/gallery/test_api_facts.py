"""What the service knows of photos comes to the page, through the download's journal."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from ninepic_async import NinePic
from ninepic_async._support.text import count_text
from ninepic_async.gallery import note_bib, note_found_by, write_gallery
from ninepic_async.sandbox import Sandbox

from .reading import read


@pytest.mark.parametrize("rendition", ["large", "thumbnail"])
async def test_previews_make_a_page_by_time_with_chart_and_title(
    tmp_path: Path, rendition: Literal["large", "thumbnail"]
) -> None:
    async with (
        Sandbox(photos=60) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        event = client.event(sandbox.event_id)
        await event.download(event.photos(), tmp_path, rendition=rendition)
        ids = [photo.image_id async for photo in event.photos()]
        details = await event.details()
        days = await event.timeline_days()
    page = read(write_gallery(tmp_path).index)
    assert page.texts("h1") == [details.event_name]
    assert [name.removesuffix(".jpg") for name in page.photos] == ids
    (nav,) = page.all("nav")
    assert nav.attributes["aria-label"] == "Hours"
    labels = [str(a.attributes["aria-label"]) for a in page.all("a") if "aria-label" in a.attributes]
    assert labels == [
        f"{day.date.day} {day.date:%B %Y}, {hour.hour:02}:00 UTC, {count_text(hour.count, 'photo')}"
        for day in days
        for hour in day.hours
    ]


async def test_a_participants_photos_say_how_they_were_found(tmp_path: Path) -> None:
    async with (
        Sandbox(photos=80) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        bib = sandbox.bibs[0]
        memories = await client.event(sandbox.event_id).memories(bib=bib, selfie=sandbox.selfie(bib))
        await client.event(sandbox.event_id).download(memories, tmp_path)
    note_found_by(tmp_path, {photo.image_id: memories.found_by[photo.image_id] for photo in memories})
    note_bib(tmp_path, bib, [image_id for image_id, ways in memories.found_by.items() if "bib" in ways])
    page = read(write_gallery(tmp_path).index)
    expected = {
        image_id: "by BIB + selfie" if len(ways) == 2 else "by BIB" if "bib" in ways else "by selfie"
        for image_id, ways in memories.found_by.items()
    }
    shown = dict(zip((name.removesuffix(".jpg") for name in page.photos), page.texts("em"), strict=True))
    assert shown == expected
    assert list(shown) == [photo.image_id for photo in memories]
