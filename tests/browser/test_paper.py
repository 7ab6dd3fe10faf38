"""The page without its script, and on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from .conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

RATIOS = """all => all.map(({ clientWidth, clientHeight, attributes: { width, height } }) =>
    clientWidth / clientHeight * height.value / width.value)"""


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_is_cropped_without_the_script(race: Path, open_page: OpenPage, width: int) -> None:
    page = await open_page(race, java_script_enabled=False, viewport={"width": width, "height": 800})
    ratios = await page.locator("ul.photos img").evaluate_all(RATIOS)
    assert len(ratios) == 40
    assert all(0.97 < ratio < 1.03 for ratio in ratios)
    boxes = [await page.locator("ul.photos li").nth(n).bounding_box() for n in range(6)]
    assert all(box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)


@pytest.mark.parametrize("script", [True, False])
async def test_printing_keeps_photos_and_captions_together(
    race: Path, open_page: OpenPage, script: bool
) -> None:
    page = await open_page(race, java_script_enabled=script)
    await page.emulate_media(media="print")
    for selector in ("nav", "search", ".clips", ".skip"):
        await expect(page.locator(selector).first).to_be_hidden()
    styles = await page.locator("ul.photos li").evaluate_all(
        "all => all.map((li) => getComputedStyle(li).breakInside)"
    )
    assert set(styles) == {"avoid"}
    assert await page.evaluate("getComputedStyle(document.querySelector('h2')).breakAfter") == "avoid"
    ratios = await page.locator("ul.photos img").evaluate_all(RATIOS)
    assert all(0.97 < ratio < 1.03 for ratio in ratios)
    sheets = await page.pdf(format="A4")
    # Each photo is on paper, loaded or not when printing began.
    assert sheets.count(b"/Subtype /Image") >= 40
