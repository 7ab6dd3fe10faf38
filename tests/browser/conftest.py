from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from .chromium import running
from .race import fetch_race

OpenPage = Callable[..., Awaitable[Page]]

# A machine that is busy with other things needs more than the five seconds that are usual.
expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with running() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def race(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small race's gallery."""
    return await fetch_race(tmp_path_factory.mktemp("race"), photos=40)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens a page from disk. At the end, none may have asked the network for anything, or complained."""
    asked: list[str] = []
    complaints: list[str] = []

    async with AsyncExitStack() as stack:

        async def opened(index: Path, **context: Any) -> Page:
            settings: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}} | context
            made = await browser.new_context(**settings)
            stack.push_async_callback(made.close)
            page = await made.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
            await page.goto(index.as_uri())
            return page

        yield opened
    assert asked
    assert [url for url in asked if not url.startswith("file:///")] == []
    assert complaints == []
