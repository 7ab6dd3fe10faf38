"""Both web apps of the examples, run as their instructions say, and used in headless Chromium."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from html import escape
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4
from zipfile import ZipFile

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize, expect

from ninepic_async import NinePic
from ninepic_async.sandbox import Sandbox

from .photo_finder import COMMANDS, served

pytestmark = pytest.mark.asyncio(loop_scope="session")

WINDOWS: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
}
ORIENTATION, GPS = 0x0112, 0x8825
MOST_AHEAD = 8
GALLERY = "https://gallery.9pic.ai/e/mumbai-marathon-2026?page=2"
KEEP_BODIES = """() => {
    const send = fetch;
    window.fetch = async (url, options) => {
        if (options?.body) window.sent = [...new Uint8Array(await options.body.arrayBuffer())];
        return send(url, options);
    };
}"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=60) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=COMMANDS)
async def site(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[str]:
    async with served(COMMANDS[request.param], sandbox) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session", params=WINDOWS)
async def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> AsyncIterator[Page]:
    """The app's page, in a window of one size. At the end, it must not have complained."""
    complaints: list[str] = []
    context = await browser.new_context(viewport=WINDOWS[request.param], has_touch=request.param == "phone")
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(site)
    yield page
    await context.close()
    assert complaints == []


@pytest.fixture
def selfie(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A large selfie that says where it was taken, and lies on its side."""
    path = tmp_path / "selfie.jpg"
    with Image.open(BytesIO(sandbox.selfie(sandbox.bibs[0]))) as upright:
        turned = upright.resize((2400, 2400)).transpose(Image.Transpose.ROTATE_90)
        exif = turned.getexif()
        exif[ORIENTATION] = 6
        exif.get_ifd(GPS)[1] = "N"
        turned.save(path, exif=exif)
    return path


async def found(page: Page, count: int) -> None:
    await expect(page.locator("#said")).to_contain_text(f"{count} photo")
    await expect(page.locator("#photos img")).to_have_count(count)


async def by_bib(page: Page, sandbox: Sandbox) -> int:
    bib = sandbox.bibs[0]
    await page.get_by_label("The number on your bib").fill(bib)
    await page.locator("#by-bib button").click()
    count = len(sandbox.event.gallery.of_bib(bib))
    await found(page, count)
    return count


async def test_by_bib_and_one_photo_alone(page: Page, sandbox: Sandbox) -> None:
    count = await by_bib(page, sandbox)
    await page.get_by_role("button", name=f"Photo 1 of {count}").click()
    large = page.locator("#large")
    await expect(large).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await expect(large).to_have_attribute("alt", f"Photo 2 of {count}")
    await page.get_by_role("button", name="Previous photo").click()
    await page.get_by_role("button", name="Previous photo").click()
    await expect(large).to_have_attribute("alt", f"Photo {count} of {count}")
    await page.keyboard.press("Escape")
    await expect(large).to_be_hidden()


async def test_all_photos_as_a_zip(page: Page, sandbox: Sandbox) -> None:
    count = await by_bib(page, sandbox)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download all").click()
    with ZipFile(await (await download.value).path()) as archive:
        assert len(archive.namelist()) == count


def photo_requests(sandbox: Sandbox) -> int:
    return sum(record.endpoint == "photo" for record in sandbox.requests)


async def test_a_visitor_who_leaves_the_zip_ends_all_requests(site: str, sandbox: Sandbox) -> None:
    bib = max(sandbox.bibs, key=lambda each: len(sandbox.event.gallery.of_bib(each)))
    sandbox.faults.add(endpoint="photo", delay_s=0.3, times=1000)
    before = photo_requests(sandbox)
    try:
        async with ClientSession() as session, session.get(f"{site}photos.zip", params={"bib": bib}) as reply:
            assert await reply.content.read(10)
            reply.close()
        await asyncio.sleep(2)
        # The file that was sent, those ahead, and what was on its way meanwhile.
        assert photo_requests(sandbox) - before <= 1 + MOST_AHEAD + 3 < len(sandbox.event.gallery.of_bib(bib))
    finally:
        sandbox.faults.clear()


async def test_by_selfie(page: Page, sandbox: Sandbox, selfie: Path) -> None:
    await page.evaluate(KEEP_BODIES)
    await page.locator("#selfie").set_input_files(selfie)
    await expect(page.locator("#preview")).to_be_visible()
    await page.get_by_label("This is my face").check()
    await page.locator("#by-selfie button").click()
    await expect(page.locator("#said")).not_to_contain_text("Searching")
    with Image.open(BytesIO(bytes(await page.evaluate("sent")))) as picture:
        assert max(picture.size) == 1600
        assert dict(picture.getexif()) == {}


async def press_button_in_9pics_gallery(page: Page, **query: str) -> None:
    """Open a page that stands for 9Pic's gallery, and press its button, which leads to the app."""
    ref = base64.b64encode(GALLERY.encode()).decode()
    leads_to = escape(f"{page.url}?{urlencode({'ref': ref, **query})}", quote=True)
    body = f'<!doctype html><title>Gallery</title><a href="{leads_to}">Get your photos</a>'
    await page.route(GALLERY, lambda route: route.fulfill(body=body, content_type="text/html"))
    await page.goto(GALLERY)
    await page.get_by_role("link", name="Get your photos").click()


async def zip_names(page: Page) -> set[str]:
    """Press the button that downloads all, and return what is in the ZIP."""
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download all").click()
    with ZipFile(await (await download.value).path()) as archive:
        assert archive.testzip() is None
        return {Path(name).stem for name in archive.namelist()}


async def test_from_the_button_in_9pics_gallery_to_the_zip(page: Page, sandbox: Sandbox) -> None:
    bib, other = sandbox.bibs[:2]
    async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as gallery:
        search = await gallery.event(sandbox.event_id).face_search(sandbox.selfie(other))
    charged = len(sandbox.state.charges)
    came = {"bibNumber": bib, "selfieRequestId": search.request_id}
    await press_button_in_9pics_gallery(page, eventId=str(sandbox.event_id), **came)
    of = sandbox.event.gallery.of_bib
    expected = {sandbox.event.gallery.photo(place).image_id for each in (bib, other) for place in of(each)}
    await found(page, len(expected))
    assert await zip_names(page) == expected
    assert len(sandbox.state.charges) == charged, "the visitor's search was made, and paid, before"


async def test_a_button_with_a_search_that_is_gone_gives_the_bibs_photos(
    page: Page, sandbox: Sandbox
) -> None:
    bib = sandbox.bibs[0]
    came = {"bibNumber": bib, "selfieRequestId": str(uuid4())}
    await press_button_in_9pics_gallery(page, eventId=str(sandbox.event_id), **came)
    count = len(sandbox.event.gallery.of_bib(bib))
    await found(page, count)
    await expect(page.locator("#said")).to_contain_text("search again")
    assert len(await zip_names(page)) == count


async def test_the_consent_is_required(page: Page, sandbox: Sandbox, selfie: Path) -> None:
    before = len(sandbox.requests)
    await page.locator("#selfie").set_input_files(selfie)
    await page.locator("#by-selfie button").click()
    assert await page.locator("#consent").evaluate("box => box.validity.valueMissing")
    assert not [record for record in list(sandbox.requests)[before:] if record.endpoint == "face_search"]


async def test_an_id_without_random_uuid(page: Page, selfie: Path) -> None:
    urls: list[str] = []
    await page.evaluate("crypto.randomUUID = undefined")
    page.on("request", lambda made: urls.append(made.url))
    await page.locator("#selfie").set_input_files(selfie)
    await page.get_by_label("This is my face").check()
    await page.locator("#by-selfie button").click()
    await expect(page.locator("#said")).not_to_contain_text("Searching")
    (request_id,) = {url.partition("?")[0].rpartition("/")[2] for url in urls if "/searches/" in url}
    assert [len(part) for part in request_id.split("-")] == [8, 4, 4, 4, 12]
    assert request_id[14] == "4"


async def test_a_file_that_is_no_picture(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    await page.locator("#selfie").set_input_files(path)
    await page.get_by_label("This is my face").check()
    await page.locator("#by-selfie button").click()
    await expect(page.locator("#said")).to_contain_text("Please pick a JPEG or PNG")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_accessible_and_fits(page: Page, sandbox: Sandbox, scheme: str) -> None:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await by_bib(page, sandbox)
    results = await Axe().run(page)
    violations = {each["id"]: each["nodes"][0]["html"] for each in results.response["violations"]}
    assert violations == {}
    width = (page.viewport_size or {"width": 0})["width"]
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
