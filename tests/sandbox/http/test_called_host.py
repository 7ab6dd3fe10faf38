"""Links of a sandbox that other machines can reach: they have the host name of the request."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import Sandbox


async def data_of(sandbox: Sandbox, path: str, host: str) -> Any:
    url = f"{sandbox.base_url}/api/v1/ext/{sandbox.org_id}{path}?page_size=1"
    headers = {"X-API-Key": sandbox.api_key, "Host": host}
    async with ClientSession() as session, session.get(url, headers=headers) as reply:
        return (await reply.json())["data"]


async def first_photo(sandbox: Sandbox, host: str) -> str:
    data = await data_of(sandbox, f"/event/{sandbox.event_id}/images", host)
    return str(data["images"][0]["img_url"])


@pytest.mark.parametrize("host", ["sandbox", "sandbox:9009", "10.0.0.7:9009", "[fd00::7]:9009"])
async def test_links_follow_the_host_header(host: str) -> None:
    async with Sandbox(photos=1, host="0.0.0.0") as sandbox:
        port = sandbox.photos_url.rpartition(":")[2]
        name = host.removesuffix(":9009")
        assert (await first_photo(sandbox, host)).startswith(f"http://{name}:{port}/imgs/")


async def test_each_client_gets_its_own_links() -> None:
    async with Sandbox(photos=1, host="0.0.0.0") as sandbox:
        for host in ("sandbox", "localhost", "sandbox"):
            assert (await first_photo(sandbox, host)).startswith(f"http://{host}:")


async def test_covers_follow_the_host_header() -> None:
    async with Sandbox(photos=1, host="0.0.0.0") as sandbox:
        data = await data_of(sandbox, "/events", "sandbox")
        assert data["events"][0]["cover_image"].startswith("http://sandbox:")


@pytest.mark.parametrize("host", ["a b", 'x"y', "a/b"])
async def test_invalid_host_headers_are_ignored(host: str) -> None:
    async with Sandbox(photos=1, host="0.0.0.0") as sandbox:
        assert (await first_photo(sandbox, host)).startswith(sandbox.photos_url)


async def test_loopback_sandbox_ignores_the_header() -> None:
    async with Sandbox(photos=1) as sandbox:
        assert (await first_photo(sandbox, "sandbox")).startswith(sandbox.photos_url)
