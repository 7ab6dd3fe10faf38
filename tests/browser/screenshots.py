"""Pictures of the gallery, to be looked at; and the README's.

    python -m tests.browser.screenshots DIR

Leaves the race's gallery and the pictures of it in DIR, and writes ``docs/gallery.jpg`` anew.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.async_api import Browser, Page

from .chromium import running
from .race import fetch_race

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
README_PICTURE = Path(__file__).parents[2] / "docs" / "gallery.jpg"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1240, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 400, "height": 900},
    "has_touch": True,
    "is_mobile": True,
}


async def opened(browser: Browser, index: Path, scheme: Scheme, window: dict[str, Any]) -> Page:
    settings: dict[str, Any] = {"device_scale_factor": 1} | window
    context = await browser.new_context(color_scheme=scheme, reduced_motion="reduce", **settings)
    page = await context.new_page()
    await page.goto(index.as_uri())
    return page


async def settled(page: Page) -> None:
    """Wait until all that is in sight is there."""
    await page.wait_for_function(
        """() => [...document.images].every((image) => {
            const { top, bottom } = image.getBoundingClientRect();
            return image.naturalWidth > 0 || bottom < 0 || top > innerHeight || !image.checkVisibility();
        }) && [...document.querySelectorAll("main video")].every((video) => {
            const { top, bottom, left } = video.getBoundingClientRect();
            return video.readyState > 1 || bottom < 0 || top > innerHeight || left > innerWidth;
        })"""
    )
    await page.wait_for_timeout(1000)  # the browser fades its own controls


async def take(page: Page, path: Path) -> Path:
    await settled(page)
    await page.screenshot(path=path)
    return path


async def main(folder: Path) -> None:
    index = folder / "race" / "index.html"
    if not index.exists():
        await fetch_race(folder / "race", photos=240)
    async with running() as browser:
        for scheme in SCHEMES:
            desktop = await opened(browser, index, scheme, DESKTOP)
            await take(desktop, folder / f"desktop-{scheme}.png")
            await desktop.locator("section h2").nth(1).scroll_into_view_if_needed()
            await desktop.mouse.wheel(0, 500)
            await take(desktop, folder / f"desktop-{scheme}-photos.png")
            await desktop.locator("ul.photos a").nth(4).click()
            await take(desktop, folder / f"lightbox-{scheme}.png")
            phone = await opened(browser, index, scheme, PHONE)
            await take(phone, folder / f"phone-{scheme}.png")
            await phone.mouse.wheel(0, 480)
            await take(phone, folder / f"phone-{scheme}-photos.png")
            await phone.locator("ul.photos a").nth(4).tap()
            await take(phone, folder / f"phone-lightbox-{scheme}.png")
    put_together(folder)


def put_together(folder: Path) -> None:
    """Make the README's picture: a desk in the light, a phone in the dark."""
    desktop, phone = (Image.open(folder / f"{name}.png") for name in ("desktop-light", "phone-dark-photos"))
    gap = 24
    picture = Image.new("RGB", (desktop.width + gap + phone.width, desktop.height), "white")
    picture.paste(desktop, (0, 0))
    picture.paste(phone, (desktop.width + gap, 0))
    picture.thumbnail((1400, 1400))
    picture.save(README_PICTURE, quality=80, optimize=True, progressive=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve()))
