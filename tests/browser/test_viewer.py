"""The address, the history and the zoom of one photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, expect

from ninepic_async.gallery import write_gallery
from tests.gallery.pictures import draw

from .conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHOTOS = "ul.photos a"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
SCALE = "Number(/scale\\(([\\d.]+)/.exec(document.querySelector('dialog img').style.transform)?.[1] ?? 1)"


async def until(page: Page, true: str) -> None:
    await page.wait_for_function(f"() => {true}")


async def scale(page: Page) -> float:
    return float(await page.evaluate(SCALE))


async def test_each_photo_has_an_address(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    tile = page.locator(PHOTOS).nth(3)
    await tile.click()
    address = f"{race.as_uri()}#photo/{await tile.get_attribute('href')}"
    await expect(page).to_have_url(address)
    await page.keyboard.press("ArrowRight")
    await expect(page).not_to_have_url(address)
    other = await open_page(race)
    await other.goto(page.url)
    await other.reload()
    await expect(other.locator("dialog")).to_be_visible()
    assert await other.locator("dialog img").get_attribute("alt") == await page.locator(
        "dialog img"
    ).get_attribute("alt")
    # A photo that was opened by its address closes too, and leaves the page's own address.
    await other.keyboard.press("Escape")
    await expect(other.locator("dialog")).to_be_hidden()
    await expect(other).to_have_url(race.as_uri())


@pytest.mark.parametrize("how", ["Back", "Escape", "button"])
async def test_a_photo_is_closed_in_three_ways(race: Path, open_page: OpenPage, how: str) -> None:
    page = await open_page(race)
    for _ in range(3):
        await page.locator(PHOTOS).nth(5).click()
        await expect(page.locator("dialog")).to_be_visible()
        await page.keyboard.press("ArrowRight")
        if how == "Back":
            await page.go_back()
        elif how == "Escape":
            await page.keyboard.press("Escape")
        else:
            await page.get_by_role("button", name="Close").click()
        await expect(page.locator("dialog")).to_be_hidden()
        await expect(page).to_have_url(race.as_uri())
        await expect(page.locator(PHOTOS).nth(6)).to_be_focused()
    # However many photos were shown, there is nothing to go back to but the page itself.
    await page.go_forward()
    await expect(page.locator("dialog")).to_be_visible()
    await page.go_back()
    await expect(page.locator("dialog")).to_be_hidden()


async def test_an_address_of_no_photo_shows_the_page(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    for address in ("#photo/nowhere.jpg", "#photo/", "#nothing"):
        await page.goto(race.as_uri() + address)
        await expect(page.locator(PHOTOS).first).to_be_visible()
        await expect(page.locator("dialog")).to_be_hidden()


async def test_names_of_any_kind_have_addresses(tmp_path: Path, open_page: OpenPage) -> None:
    for name in ("a b", "100%25 #1?x=y", "मैराथन", '"><script>'):
        draw(tmp_path / f"{name}.jpg", (600, 400))
    page = await open_page(write_gallery(tmp_path).index)
    for number in range(4):
        await page.locator(PHOTOS).nth(number).click()
        alt = await page.locator("dialog img").get_attribute("alt")
        address = page.url
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_be_hidden()
        await page.evaluate("address => { location.href = address }", address)
        await expect(page.locator("dialog img")).to_have_attribute("alt", str(alt))
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_be_hidden()


async def test_the_wheel_zooms_at_the_pointer(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    await page.locator(PHOTOS).first.click()
    await page.mouse.move(400, 300)
    point = (
        "(() => { const { left, top, width } = document.querySelector('dialog img').getBoundingClientRect();"
        " return [(400 - left) / width, (300 - top) / width] })()"
    )
    before = await page.evaluate(point)
    await page.mouse.wheel(0, -500)
    await until(page, f"{SCALE} > 1.5")
    assert await page.evaluate(point) == pytest.approx(before, abs=0.002)
    await page.mouse.wheel(0, 3_000)
    await until(page, f"{SCALE} === 1")
    await page.mouse.wheel(0, -9_000)
    await until(page, f"{SCALE} === 8")
    # The next photo is shown whole.
    await page.keyboard.press("ArrowRight")
    assert await scale(page) == 1


async def test_a_zoomed_photo_is_moved_by_the_mouse(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    await page.locator(PHOTOS).first.click()
    await page.mouse.dblclick(640, 400)
    await until(page, f"{SCALE} > 2")
    left = "document.querySelector('dialog img').getBoundingClientRect().left"
    before = await page.evaluate(left)
    await page.mouse.move(640, 400)
    await page.mouse.down()
    await page.mouse.move(740, 420, steps=4)
    await page.mouse.up()
    assert await page.evaluate(left) == pytest.approx(before + 100, abs=2)
    # It can't be moved out of sight.
    await page.mouse.down()
    await page.mouse.move(5_000, 420, steps=4)
    await page.mouse.up()
    assert await page.evaluate(left) <= 1
    await page.mouse.dblclick(640, 400)
    await until(page, f"{SCALE} === 1")


async def test_zoom_by_keyboard_and_button(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race)
    await page.locator(PHOTOS).first.click()
    button = page.get_by_role("button", name="Zoom")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("+")
    await page.keyboard.press("+")
    assert await scale(page) == pytest.approx(2.25)
    await expect(button).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("-")
    assert await scale(page) == pytest.approx(1.5)
    await page.keyboard.press("0")
    assert await scale(page) == 1
    await button.click()
    assert await scale(page) == 2.5
    await button.click()
    assert await scale(page) == 1


async def touch(session: CDPSession, kind: str, *points: tuple[int, int]) -> None:
    touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


async def test_two_fingers_zoom_and_one_moves(race: Path, open_page: OpenPage) -> None:
    page = await open_page(race, **PHONE)
    await page.locator(PHOTOS).first.tap()
    status = page.locator("dialog output")
    shown = await status.inner_text()
    fingers = await page.context.new_cdp_session(page)
    await touch(fingers, "touchStart", (150, 400), (250, 400))
    for step in range(1, 6):
        await touch(fingers, "touchMove", (150 - 20 * step, 400), (250 + 20 * step, 400))
    await touch(fingers, "touchEnd")
    assert await scale(page) == pytest.approx(3, rel=0.1)
    # The page itself is not zoomed.
    assert await page.evaluate("visualViewport.scale") == 1
    before = await page.evaluate("document.querySelector('dialog img').getBoundingClientRect().left")
    await touch(fingers, "touchStart", (300, 400))
    for step in range(1, 6):
        await touch(fingers, "touchMove", (300 - 20 * step, 400))
    await touch(fingers, "touchEnd")
    after = await page.evaluate("document.querySelector('dialog img').getBoundingClientRect().left")
    assert after == pytest.approx(before - 100, abs=5)
    # A finger that moves a zoomed photo does not go to the next one.
    assert await status.inner_text() == shown


async def test_a_photo_the_browser_cant_show_has_a_small_copy(tmp_path: Path, open_page: OpenPage) -> None:
    from PIL import Image

    Image.new("RGB", (900, 600), "teal").save(tmp_path / "a.tif")
    page = await open_page(write_gallery(tmp_path).index)
    await page.locator(PHOTOS).first.click()
    await expect(page.get_by_text("This file can’t be shown. Here is a small copy.")).to_be_visible()
    await until(page, "document.querySelector('dialog img').naturalWidth === 480")
