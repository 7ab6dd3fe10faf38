from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from ninepic_async.gallery.photo_notes import PhotoNotes
from ninepic_async.gallery.scan import File
from ninepic_async.gallery.thumbnail_cache import FOLDER_NAME
from ninepic_async.gallery.thumbnails import PhotoInfo
from ninepic_async.gallery.timeline import Photo
from tests.gallery.pictures import draw, write_page

from .conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = 50_000
LINKS = 20_000  # to one file; file systems have a limit
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
    """50,000 photos in seven hours, and as many thumbnails."""
    folder = tmp_path_factory.mktemp("many")
    (folder / FOLDER_NAME).mkdir()
    photos = []
    wide = tall = folder
    for number in range(NUMBER):
        if number % LINKS == 0:
            wide = draw(folder / f"wide-{number}.jpg", (480, 320))
            tall = draw(folder / f"tall-{number}.jpg", (320, 480), colour="brown")
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


async def test_fifty_thousand_photos_can_be_scrolled(many: Path, open_page: OpenPage) -> None:
    page = await open_page(many)
    height = await page.evaluate("document.documentElement.scrollHeight")
    for part in (0.25, 0.5, 0.75, 1.0):
        await page.evaluate("y => scrollTo({ top: y, behavior: 'instant' })", height * part)
        await page.wait_for_function(SEEN)
        # Only a few are laid out and loaded.
        assert 0 < await page.evaluate(IN_SIGHT) < 1500
    await expect(page.locator("ul.photos a").last).to_be_in_viewport()
    assert await page.locator("ul.photos a").last.get_attribute("href") == f"photo-{NUMBER - 1:05}.jpg"
    # Heights are known before the layout, so the scrollbar does not jump.
    assert abs(await page.evaluate("document.documentElement.scrollHeight") - height) < 0.01 * height
    assert await page.evaluate(LOADED) < 4000


async def test_one_of_fifty_thousand_is_found_and_shown(many: Path, open_page: OpenPage) -> None:
    page = await open_page(many)
    await page.get_by_role("searchbox").fill("12345")
    await expect(page.locator("search output")).to_have_text("1 found")
    await expect(page.locator("ul.photos li:visible")).to_have_count(1)
    await page.get_by_role("searchbox").fill("")
    await expect(page.locator("search output")).to_have_text("")
    await page.locator("ul.photos a").first.click()
    await page.keyboard.press("End")
    await expect(page.locator("dialog output")).to_have_text("50,000 of 50,000")
    await page.keyboard.press("Escape")
    await expect(page.locator("ul.photos a").last).to_be_focused()
    await expect(page.locator("ul.photos a").last).to_be_in_viewport()


async def test_all_of_many_photos_are_there_without_a_script(tmp_path: Path, open_page: OpenPage) -> None:
    (tmp_path / FOLDER_NAME).mkdir()
    draw(tmp_path / FOLDER_NAME / "t.jpg")
    photos = [
        Photo(file=File(f"{n}.jpg", 1, 0), info=PhotoInfo(width=3, height=2), thumbnail="t.jpg")
        for n in range(2_000)
    ]
    page = await open_page(write_page(tmp_path, "Many", photos), java_script_enabled=False)
    await expect(page.locator("ul.photos li")).to_have_count(2_000)


async def cpu_seconds(page: Page) -> float:
    """Seconds of CPU that the page has taken, whatever else the machine does."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")


async def test_fifty_thousand_photos_are_filtered_in_a_moment(many: Path, open_page: OpenPage) -> None:
    page = await open_page(many)
    await page.wait_for_function(SEEN)
    taken = {}
    for text, found in (
        ("123", "111 found"),
        ("", ""),
        ("photo-0", "10,000 found"),
        ("x", "0 found"),
        ("", ""),
    ):
        before = await cpu_seconds(page)
        await page.get_by_role("searchbox").fill(text)
        await expect(page.locator("search output")).to_have_text(found)
        taken[text] = await cpu_seconds(page) - before
    # 0.02 to 0.1 s on a machine with nothing else to do.
    assert max(taken.values()) < 0.3, taken
