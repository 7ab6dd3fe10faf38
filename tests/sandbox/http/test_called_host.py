"""A sandbox that other machines reach gives links under the name that they call it by."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import Sandbox


async def first_photo(sandbox: Sandbox, host: str) -> str:
    url = f"{sandbox.base_url}/api/v1/ext/{sandbox.org_id}/event/{sandbox.event_id}/images?page_size=1"
    headers = {"X-API-Key": sandbox.api_key, "Host": host}
    async with ClientSession() as session, session.get(url, headers=headers) as reply:
        return str((await reply.json())["data"]["images"][0]["img_url"])


@pytest.mark.parametrize("host", ["sandbox", "sandbox:9009", "10.0.0.7:9009", "[fd00::7]:9009"])
async def test_links_follow_the_host_header(host: str) -> None:
    async with Sandbox(photos=1, host="0.0.0.0") as sandbox:
        port = sandbox.photos_url.rpartition(":")[2]
        name = host.removesuffix(":9009")
        assert (await first_photo(sandbox, host)).startswith(f"http://{name}:{port}/imgs/")


@pytest.mark.parametrize("host", ["a b", 'x"y', "a/b"])
async def test_a_host_header_that_is_no_host_is_ignored(host: str) -> None:
    async with Sandbox(photos=1, host="0.0.0.0") as sandbox:
        assert (await first_photo(sandbox, host)).startswith(sandbox.photos_url)


async def test_a_sandbox_on_loopback_ignores_the_header() -> None:
    async with Sandbox(photos=1) as sandbox:
        assert (await first_photo(sandbox, "sandbox")).startswith(sandbox.photos_url)
