"""The picture of the docs' page about memories.

    python -m tests.browser.memories_picture DIR

Leaves the page of one participant in DIR, and writes ``docs/memories.jpg`` anew: that page, and beside it, on
a phone, the example's web app as a visitor from 9Pic's gallery sees it.
"""

from __future__ import annotations

import asyncio
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image
from playwright.async_api import Browser

from ninepic_async import NinePic
from ninepic_async.gallery import note_bib, note_found_by, write_gallery
from ninepic_async.sandbox import Sandbox

from .chromium import running
from .photo_finder import COMMANDS, served
from .screenshots import PHONE, opened, settled

PICTURE = Path(__file__).parents[2] / "docs" / "memories.jpg"
DESKTOP = {"viewport": {"width": 1240, "height": 1100}}
BIB, FACE = "834", "A/12"
"""Two who often run side by side: some photos show both."""


async def page_of_memories(sandbox: Sandbox, folder: Path) -> tuple[Path, str]:
    """Fetch a participant's photos and clips. Return the page, and the id of the selfie search."""
    async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
        event = client.event(sandbox.event_id)
        memories = await event.memories(bib=BIB, selfie=sandbox.selfie(FACE), clips=True)
        report = await event.download(memories, folder)
        report.raise_for_failures()
    note_found_by(folder, memories.found_by)
    note_bib(folder, BIB, [name for name, ways in memories.found_by.items() if "bib" in ways])
    assert memories.request_id is not None
    return write_gallery(folder, title=f"Your {sandbox.event.name}").index, memories.request_id


async def on_desktop(browser: Browser, index: Path) -> Image.Image:
    page = await opened(browser, index, "light", DESKTOP)
    await settled(page)
    return Image.open(BytesIO(await page.screenshot()))


async def on_phone(browser: Browser, url: str) -> Image.Image:
    phone: dict[str, Any] = PHONE | {"viewport": {"width": 400, "height": 1100}}
    context = await browser.new_context(device_scale_factor=1, color_scheme="dark", **phone)
    page = await context.new_page()
    await page.goto(url)
    button = page.get_by_role("link", name="Download all")
    await button.scroll_into_view_if_needed()
    await button.evaluate("button => window.scrollTo(0, button.getBoundingClientRect().top - 60)")
    await settled(page)
    return Image.open(BytesIO(await page.screenshot()))


async def main(folder: Path) -> None:
    async with Sandbox(photos=120, seed=7, clip_seconds=0) as sandbox, running() as browser:
        index, request_id = await page_of_memories(sandbox, folder)
        came = {"eventId": sandbox.event_id, "bibNumber": BIB, "selfieRequestId": request_id}
        async with served(COMMANDS["aiohttp"], sandbox) as site:
            pictures = [
                await on_desktop(browser, index),
                await on_phone(browser, f"{site}?{urlencode(came)}"),
            ]
    put_together(*pictures)


def put_together(desktop: Image.Image, phone: Image.Image) -> None:
    gap = 24
    picture = Image.new("RGB", (desktop.width + gap + phone.width, desktop.height), "white")
    picture.paste(desktop, (0, 0))
    picture.paste(phone, (desktop.width + gap, 0))
    picture.thumbnail((1300, 1300))
    picture.save(PICTURE, quality=66, optimize=True, progressive=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve()))
