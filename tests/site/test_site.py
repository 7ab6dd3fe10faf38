"""The docs site in headless Chromium, opened from disk. The nox session `docs` builds it, then runs this."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, ViewportSize, expect

from ninepic_async.sandbox import Sandbox
from tests.browser.chromium import running

SITE = Path(__file__).parents[2] / "site"
SANDBOX_PAGE = SITE.with_name("docs") / "sandbox.md"
PAGES = [
    SITE / name
    for name in (
        "index.html",
        "tutorial.html",
        "guide/lists.html",
        "how-to/index.html",
        "how-to/docker.html",
        "explanation/performance.html",
        "decisions/index.html",
        "reference/client.html",
        "reference/commands.html",
        "reference/errors.html",
        "reference/settings.html",
        "architecture.html",
    )
]
"""One of each kind; looking at all of them takes minutes."""
WINDOWS: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
}

expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(params=WINDOWS)
async def window(request: pytest.FixtureRequest) -> ViewportSize:
    return WINDOWS[request.param]


@pytest_asyncio.fixture(params=["light", "dark"])
async def page(request: pytest.FixtureRequest, window: ViewportSize) -> AsyncIterator[Page]:
    """A page that must not ask the network for anything, or report an error."""
    problems: list[str] = []
    async with running() as browser:
        context = await browser.new_context(viewport=window, color_scheme=request.param)
        page = await context.new_page()
        page.on("request", lambda made: problems.append(made.url) if made.url.startswith("http") else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
    assert problems == []


@pytest.mark.timeout(300)
async def test_pages_are_accessible_and_fit_the_window(page: Page, window: ViewportSize) -> None:
    for path in PAGES:
        await page.goto(path.as_uri())
        await expect(page.locator("h1")).to_be_visible()
        results = await Axe().run(page)
        found = {
            violation["id"]: violation["nodes"][0]["html"] for violation in results.response["violations"]
        }
        assert found == {}, path
        assert await page.evaluate("document.documentElement.scrollWidth") <= window["width"], path


async def test_the_search_works_from_disk(page: Page) -> None:
    await page.goto((SITE / "index.html").as_uri())
    await page.keyboard.press("Control+k")
    await page.keyboard.type("face_search")
    hit = page.get_by_role("option", name="face_search").first
    await expect(hit).to_be_visible()


async def test_models_show_their_fields(page: Page) -> None:
    await page.goto((SITE / "reference/models.html").as_uri())
    fields = page.locator("article li", has=page.get_by_text("org_id", exact=True))
    await expect(fields.first).to_contain_text("int")


async def test_the_openapi_description_is_a_page(page: Page) -> None:
    await page.goto((SITE / "reference/openapi.html").as_uri())
    await expect(page.locator("article code").filter(has_text="openapi: 3.1.0")).to_be_visible()


async def test_the_javascript_of_the_sandbox_page_runs() -> None:
    (block,) = re.findall(
        r"^```js\n(.*?)^```", SANDBOX_PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    async with Sandbox(photos=20, control=True) as sandbox, running() as browser:
        page = await browser.new_page()
        await page.goto(f"{sandbox.base_url}/openapi.json")
        statuses: list[int] = []
        page.on("response", lambda reply: statuses.append(reply.status))
        script = block.replace("http://localhost:9009", sandbox.base_url)
        assert await page.evaluate(f"async () => {{ {script}; return event_id; }}") == sandbox.event_id
    assert statuses == [200, 200, 200]
