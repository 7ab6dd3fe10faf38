from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from ninepic_async.gallery.photo_notes import PhotoNotes
from ninepic_async.gallery.scan import File
from ninepic_async.gallery.thumbnail_cache import FOLDER_NAME
from ninepic_async.gallery.thumbnails import PhotoInfo
from ninepic_async.gallery.timeline import Photo
from tests.gallery.pictures import draw, write_page

from .conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = 20_000
START = datetime(2026, 1, 19, 6)
IN_SIGHT = """() => [...document.querySelectorAll("ul.photos li")]
    .filter((li) => li.checkVisibility({ contentVisibilityAuto: true })).length"""
SEEN = """() => [...document.querySelectorAll("ul.photos img")].some((image) => {
    const { top, bottom } = image.getBoundingClientRect();
    return top < innerHeight && bottom > 0 && image.naturalWidth > 0;
})"""
LOADED = "() => [...document.images].filter((image) => image.naturalWidth > 0).length"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20,000 photos in three hours, and as many thumbnails."""
    folder = tmp_path_factory.mktemp("many")
    (folder / FOLDER_NAME).mkdir()
    wide = draw(folder / "wide.jpg", (480, 320))
    tall = draw(folder / "tall.jpg", (320, 480), colour="brown")
    photos = []
    for number in range(NUMBER):
        source, size = (tall, (2000, 3000)) if number % 3 == 0 else (wide, (3000, 2000))
        name = f"photo-{number:05}.jpg"
        os.link(source, folder / FOLDER_NAME / name)
        os.link(source, folder / name)
        taken_at = START + timedelta(seconds=number / 2) if number < NUMBER - 500 else None
        info = PhotoInfo(width=size[0], height=size[1], taken_at=taken_at)
        file = File(name, 5_000_000, 0)
        notes = PhotoNotes(bibs=(str(number),))
        photos.append(Photo(file=file, notes=notes, info=info, thumbnail=name))
    return write_page(folder, "Many", photos, [])


async def test_twenty_thousand_photos_are_scrolled_through(many: Path, open_page: OpenPage) -> None:
    page = await open_page(many)
    await expect(page.locator("ul.photos li")).to_have_count(NUMBER)
    height = await page.evaluate("document.documentElement.scrollHeight")
    for part in (0.25, 0.5, 0.75, 1.0):
        await page.evaluate("y => scrollTo({ top: y, behavior: 'instant' })", height * part)
        await page.wait_for_function(SEEN)
        # However many there are, few are laid out and loaded.
        assert 0 < await page.evaluate(IN_SIGHT) < 1500
    await expect(page.locator("ul.photos a").last).to_be_in_viewport()
    # Heights are known before anything is laid out, so that the scrollbar does not jump.
    assert abs(await page.evaluate("document.documentElement.scrollHeight") - height) < 0.01 * height
    assert await page.evaluate(LOADED) < 4000


async def test_one_of_twenty_thousand_is_found_and_looked_at(many: Path, open_page: OpenPage) -> None:
    page = await open_page(many)
    await page.get_by_role("searchbox").fill("12345")
    await expect(page.locator("search output")).to_have_text("1 found")
    await expect(page.locator("ul.photos li:visible")).to_have_count(1)
    await page.get_by_role("searchbox").fill("")
    await expect(page.locator("search output")).to_have_text("")
    await page.locator("ul.photos a").first.click()
    await page.keyboard.press("End")
    await expect(page.locator("dialog output")).to_have_text("20,000 of 20,000")
    await page.keyboard.press("Escape")
    await expect(page.locator("ul.photos a").last).to_be_focused()
    await expect(page.locator("ul.photos a").last).to_be_in_viewport()
