from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FloatRect, Locator, Page, expect

from ninepic_async.gallery import note_bib, write_gallery
from tests.gallery.pictures import draw

from .conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHOTOS = "ul.photos a"
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"onerror="alert(1)',
    "'onerror='alert(1)",
    "<script>alert(1)<script>",
    "javascript:alert(1)",
    "&lt;b&gt;&amp",
    "100%25 #1?a=b",
    "a..\\c",
    "line\nbreak\ttab",
    "\u202egpj.evil",
    "{{ 7*7 }}",
    "मैराथन",
    os.fsdecode(b"latin-\xe9"),
]


async def box_of(locator: Locator) -> FloatRect:
    box = await locator.bounding_box()
    assert box is not None
    return box


async def facts(page: Page) -> str:
    return await page.locator("dialog .facts").inner_text()


async def until(page: Page, true: str) -> None:
    # A function, not a text: the page's policy forbids eval.
    await page.wait_for_function(f"() => {true}")


async def loaded(page: Page) -> None:
    """Wait until what is looked at is the photo itself, and not its thumbnail any more."""
    await page.wait_for_function(
        "() => { const img = document.querySelector('dialog img');"
        " return img.src === document.querySelector('dialog a').href && img.naturalWidth > 480 }"
    )


async def test_the_grid_is_full_rows_of_loaded_thumbnails(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    await expect(page.locator(PHOTOS)).to_have_count(40)
    width = (await box_of(page.locator("main")))["width"]
    first = page.locator("ul.photos").first.locator("li")
    boxes = [await box_of(first.nth(n)) for n in range(await first.count())]
    top = [box for box in boxes if box["y"] == boxes[0]["y"]]
    assert 2 <= len(top) <= 8
    edge = max(box["x"] + box["width"] for box in top)
    assert width * 0.9 < edge <= width
    images = page.locator("ul.photos img")
    await images.last.scroll_into_view_if_needed()
    await until(page, "[...document.querySelectorAll('ul.photos img')].at(-1).naturalWidth > 0")
    # Shown whole, as they were taken: nothing is cut off or stretched.
    ratios = await images.evaluate_all(
        "all => all.map(({ clientWidth, clientHeight, attributes: { width, height } }) =>"
        " clientWidth / clientHeight * height.value / width.value)"
    )
    assert all(0.98 < ratio < 1.02 for ratio in ratios)


@pytest.mark.parametrize("width", [320, 390, 768, 2560])
async def test_every_window_is_filled_and_none_scrolls_aside(
    race: Path, open_page: OpenPage, width: int
) -> None:
    page = await open_page(race, viewport={"width": width, "height": 800})
    scrolls = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert await page.evaluate(scrolls)
    tiles = page.locator(PHOTOS)
    boxes = [await box_of(tiles.nth(n)) for n in range(6)]
    assert all(box["width"] >= 60 and box["x"] + box["width"] <= width for box in boxes)
    await page.set_viewport_size({"width": 500, "height": 800})
    await until(page, "document.querySelector('ul.photos li').getBoundingClientRect().right < 500")
    assert await page.evaluate(scrolls)


async def test_the_lightbox_is_worked_by_keyboard(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    tile = page.locator(PHOTOS).nth(3)
    await tile.focus()
    await page.keyboard.press("Enter")
    dialog = page.locator("dialog")
    await expect(dialog).to_be_visible()
    status = dialog.locator("output")
    clips = await page.locator(".clips li").count()
    total = 40 + clips
    await expect(status).to_have_text(f"{clips + 4} of {total}")
    await loaded(page)
    shown = await facts(page)
    for part in await tile.locator("time, small").all_inner_texts():
        assert part in shown
    await page.keyboard.press("ArrowRight")
    await expect(status).to_have_text(f"{clips + 5} of {total}")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(status).to_have_text(f"{clips + 3} of {total}")
    await page.keyboard.press("End")
    await expect(status).to_have_text(f"{total} of {total}")
    await page.keyboard.press("ArrowRight")
    await expect(status).to_have_text(f"{total} of {total}")
    await page.keyboard.press("Home")
    await expect(status).to_have_text(f"1 of {total}")
    await page.keyboard.press("End")
    await loaded(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    # The focus is on the photo that was looked at last, and that photo is in sight.
    await expect(page.locator(PHOTOS).last).to_be_focused()
    await expect(page.locator(PHOTOS).last).to_be_in_viewport()


async def test_the_focus_stays_in_the_lightbox(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    await page.locator(PHOTOS).first.click()
    inside = "document.querySelector('dialog').contains(document.activeElement)"
    stops = set()
    for key in ["Tab"] * 6 + ["Shift+Tab"] * 6:
        await page.keyboard.press(key)
        assert await page.evaluate(inside)
        stops.add(await page.evaluate("document.activeElement.outerHTML"))
    assert len(stops) == 5
    # The keys go on working with the focus on a button that leads nowhere now.
    await page.locator("dialog [data-do=next]").focus()
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Home")
    await expect(page.locator("dialog output")).to_have_text(r"1 of 43")


async def test_the_lightbox_is_worked_by_mouse(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    await page.locator(PHOTOS).first.click()
    status = page.locator("dialog output")
    before = await status.inner_text()
    await page.get_by_role("button", name="Next").click()
    await expect(status).not_to_have_text(before)
    await page.get_by_role("button", name="Previous").click()
    await expect(status).to_have_text(before)
    await page.get_by_role("button", name="Close").click()
    await expect(page.locator("dialog")).to_be_hidden()
    await expect(page.locator(PHOTOS).first).to_be_focused()


async def swipe(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    wire = await page.context.new_cdp_session(page)
    points = [
        (start[0] + (end[0] - start[0]) * n // 5, start[1] + (end[1] - start[1]) * n // 5) for n in range(6)
    ]
    kinds = ["touchStart", *["touchMove"] * 5]
    for kind, (x, y) in zip(kinds, points, strict=True):
        await wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    await wire.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_the_lightbox_is_worked_by_touch(race: Path, open_page: OpenPage) -> None:
    phone: dict[str, Any] = {
        "viewport": {"width": 390, "height": 780},
        "has_touch": True,
        "is_mobile": True,
        "device_scale_factor": 2,
    }
    page = await open_page(race, **phone)
    tile = page.locator(PHOTOS).nth(5)
    await tile.scroll_into_view_if_needed()
    await tile.tap()
    status = page.locator("dialog output")
    await expect(status).to_have_text("9 of 43")
    await swipe(page, (300, 400), (100, 410))
    await expect(status).to_have_text("10 of 43")
    await swipe(page, (100, 400), (300, 390))
    await swipe(page, (100, 400), (300, 390))
    await expect(status).to_have_text("8 of 43")
    await swipe(page, (200, 400), (215, 410))  # a finger that trembles
    await expect(status).to_have_text("8 of 43")
    await swipe(page, (200, 300), (210, 600))
    await expect(page.locator("dialog")).to_be_hidden()


async def test_a_clip_plays_where_it_is_and_in_the_lightbox(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    in_place = page.locator(".clips video").first
    await in_place.evaluate("video => video.play()")
    await until(page, "document.querySelector('.clips video').currentTime > 0.2")
    await page.locator(".clips a").first.click()
    alone = "document.querySelector('dialog video')"
    await until(page, f"{alone}.currentTime > 0.2")
    await until(page, "document.querySelector('.clips video').paused")
    await page.keyboard.press("ArrowRight")
    await until(page, f"{alone}.currentTime > 0.2")
    # A clip that has the focus keeps the arrows to itself, for winding.
    await page.locator("dialog video").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("dialog output")).to_have_text("2 of 43")
    await page.keyboard.press("Escape")
    await until(page, f"{alone}.paused && !{alone}.hasAttribute('src')")


async def test_a_bib_or_a_name_is_found(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    bib = (await page.locator(".photos b").first.inner_text()).removeprefix("BIB").split(",")[0].strip()
    with_bib = page.locator(".photos li:visible", has=page.locator("b", has_text=bib))
    expected = await with_bib.count()
    await page.get_by_role("searchbox", name="BIB or file name").fill(bib)
    await expect(page.locator("search output")).to_have_text(f"{expected} found")
    await expect(page.locator(".photos li:visible")).to_have_count(expected)
    # No way leads to an hour that has none of them.
    hours = page.locator("section:visible:has(.photos)")
    await expect(page.locator("nav a:visible")).to_have_count(await hours.count())
    await page.locator(".photos a:visible").first.click()
    await expect(page.locator("dialog output")).to_have_text(f"1 of {expected}")
    await page.keyboard.press("Escape")
    name = await page.locator(PHOTOS).last.get_attribute("data-name")
    assert name is not None
    await page.get_by_role("searchbox").fill(name[:20].upper())
    await expect(page.locator(".photos li:visible")).to_have_count(1)
    await page.get_by_role("searchbox").fill("nobody has this")
    await expect(page.get_by_text("Nothing here has that BIB or name.")).to_be_visible()
    await page.get_by_role("searchbox").fill("")
    await expect(page.locator(".photos li:visible")).to_have_count(40)


async def test_the_hours_lead_to_their_photos(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    link = page.get_by_role("navigation", name="Hours").get_by_role("link").last
    await link.click()
    target = page.locator(str(await link.get_attribute("href")))
    await expect(target).to_be_in_viewport()
    bar = await box_of(page.locator("nav"))
    assert (await box_of(target))["y"] >= bar["y"] + bar["height"]


async def test_hostile_names_are_shown_and_inert(tmp_path: Path, open_page: OpenPage) -> None:
    for name in HOSTILE:
        draw(tmp_path / f"{name}.jpg", (600, 400))
        note_bib(tmp_path, name, [f"{name}.jpg"])
    page = await open_page(write_gallery(tmp_path, title=HOSTILE[0]).index)
    await expect(page.locator("h1")).to_have_text(HOSTILE[0])
    await expect(page.locator(PHOTOS)).to_have_count(len(HOSTILE))
    await until(page, "[...document.querySelectorAll('ul.photos img')].every(i => i.naturalWidth > 0)")
    assert await page.evaluate("document.querySelectorAll('script, [onerror]').length") == 1
    await page.locator(PHOTOS).first.click()
    for _ in HOSTILE:
        await loaded(page)
        name = str(await page.locator("dialog img").get_attribute("alt")).removeprefix("Photo ")
        assert (await page.locator("dialog .facts > span").text_content()) == name
        await page.keyboard.press("ArrowRight")
    assert await page.evaluate("document.querySelectorAll('script, [onerror]').length") == 1


async def test_a_photo_that_is_gone_is_said_to_be(tmp_path: Path, open_page: OpenPage) -> None:
    gone, here = draw(tmp_path / "a.jpg", (600, 400)), draw(tmp_path / "b.jpg", (600, 400))
    index = write_gallery(tmp_path).index
    gone.write_bytes(b"not a photo any more")
    page = await open_page(index)
    await page.locator(PHOTOS).first.click()
    await expect(page.get_by_text("This file can’t be shown.")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await loaded(page)
    await expect(page.get_by_text("This file can’t be shown.")).to_be_hidden()
    assert here.name in await facts(page)


async def test_without_its_script_it_is_still_a_gallery(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race, java_script_enabled=False)
    await expect(page.locator(PHOTOS)).to_have_count(40)
    assert await page.locator("search").is_hidden()
    boxes = [await box_of(page.locator(PHOTOS).nth(n)) for n in range(4)]
    assert all(box["width"] > 100 and box["height"] > 100 for box in boxes)
    href = await page.locator(PHOTOS).first.get_attribute("href")
    assert href is not None
    assert (race.parent / href).is_file()
