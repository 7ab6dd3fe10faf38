"""The page of one person's photos, which says how each was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import expect

from ninepic_async.gallery import note_bib, note_found_by, write_gallery
from tests.gallery.pictures import draw

from .conftest import OpenPage
from .test_accessibility import violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("found")
    for name in "abcdef":
        draw(folder / f"{name}.jpg", (600, 400))
    note_found_by(folder, {"a": {"bib"}, "b": {"bib", "selfie"}, "c": {"selfie"}, "d": {"selfie"}})
    note_bib(folder, "1234", ["a", "b"])
    return write_gallery(folder, title="Your photos").index


async def test_photos_say_how_they_were_found(found: Path, open_page: OpenPage) -> None:
    page = await open_page(found)
    texts = [await page.locator("ul.photos li").nth(n).locator("em").all_inner_texts() for n in range(5)]
    assert texts == [["by BIB"], ["by BIB + selfie"], ["by selfie"], ["by selfie"], []]
    await page.locator("ul.photos a").nth(1).click()
    await expect(page.locator("dialog .facts em")).to_have_text("by BIB + selfie")


async def test_photos_are_filtered_by_how_they_were_found(found: Path, open_page: OpenPage) -> None:
    page = await open_page(found)
    group = page.get_by_role("group", name="Found by")
    assert await group.get_by_role("button").all_inner_texts() == [
        "All 6",
        "By BIB 1",
        "By BIB + selfie 1",
        "By selfie 2",
    ]
    await group.get_by_role("button", name="By selfie 2").click()
    await expect(page.locator("ul.photos li:visible")).to_have_count(2)
    await expect(page.locator("search output")).to_have_text("2 found")
    await page.get_by_role("searchbox").fill("c.jpg")
    await expect(page.locator("ul.photos li:visible")).to_have_count(1)
    await group.get_by_role("button", name="All").click()
    await page.get_by_role("searchbox").fill("")
    await expect(page.locator("ul.photos li:visible")).to_have_count(6)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [{}, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(
    found: Path, open_page: OpenPage, scheme: Literal["light", "dark"], window: dict[str, Any]
) -> None:
    page = await open_page(found, color_scheme=scheme, **window)
    assert await violations(page) == []
    await page.get_by_role("button", name="By selfie 2").click()
    assert await violations(page) == []
    await page.locator("ul.photos a:visible").first.click()
    assert await violations(page) == []
    await page.keyboard.press("+")
    assert await violations(page) == []
