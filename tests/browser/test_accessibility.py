from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from ninepic_async.gallery import write_gallery

from .conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

Scheme = Literal["light", "dark"]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}}


async def violations(page: Page) -> list[str]:
    # Colours count when they have settled. Meanwhile an animation may be cancelled, and another begin.
    await page.evaluate(
        """async () => {
            const moving = () => document.getAnimations().filter((each) => each.playState === "running");
            for (let all = moving(); all.length; all = moving()) {
                await Promise.allSettled(all.map((each) => each.finished));
            }
        }"""
    )
    found = await Axe().run(page)
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [{}, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(
    race: Path, open_page: OpenPage, scheme: Scheme, window: dict[str, Any]
) -> None:
    page = await open_page(race, color_scheme=scheme, **window)
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 19, 20)"
    assert dark == (scheme == "dark")
    assert await violations(page) == []
    await page.get_by_role("searchbox").fill("nobody")
    await expect(page.locator("search output")).to_have_text("0 found")
    assert await violations(page) == []
    await page.get_by_role("searchbox").fill("")
    await expect(page.locator("search output")).to_have_text("")
    await page.locator("ul.photos a").nth(2).click()
    assert await violations(page) == []
    await page.keyboard.press("Home")
    assert await violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_where_files_cant_be_shown(
    tmp_path: Path, open_page: OpenPage, scheme: Scheme
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"not a photo")
    page = await open_page(write_gallery(tmp_path).index, color_scheme=scheme)
    await expect(page.get_by_text("broken.jpg")).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
async def test_nothing_moves_for_those_who_dont_want_it(
    race: Path, open_page: OpenPage, motion: str, moves: bool
) -> None:
    page = await open_page(race, reduced_motion=motion)
    style = await page.evaluate(
        "[getComputedStyle(document.documentElement).scrollBehavior,"
        " getComputedStyle(document.querySelector('.photos img')).transitionDuration]"
    )
    assert style == (["smooth", "0.15s"] if moves else ["auto", "0s"])


async def test_a_link_says_what_it_leads_to_and_shows_its_focus(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    tile = page.locator("ul.photos li").first
    bib = await tile.locator("b").inner_text()
    time = await tile.locator("time").inner_text()
    name = f"{bib} {time}"
    await expect(tile.get_by_role("link", name=name)).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the photos")).to_be_focused()
    await page.keyboard.press("Enter")
    for _ in range(12):
        await page.keyboard.press("Tab")
        tag, outline = await page.evaluate(
            "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert tag == "VIDEO" or outline != "none"  # a clip's controls show their own
