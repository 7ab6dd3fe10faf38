"""Fetching a file whole, under a name that stays in its folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import anyio
import pytest

from ninepic_async import NinePic
from ninepic_async.cli.fetch import FetchError, fetch, plain_session, safe_name
from ninepic_async.sandbox import Sandbox


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with plain_session() as opened:
        yield opened


async def test_a_file_comes_whole_and_without_the_key(
    session: aiohttp.ClientSession, tmp_path: anyio.Path
) -> None:
    folder = anyio.Path(tmp_path)
    async with Sandbox(photos=20) as sandbox:
        async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
            links = await client.event(sandbox.event_id).originals(bib=sandbox.bibs[0]).collect(limit=1)
        await fetch(session, links[0].url, folder / "a.jpg")
        assert (await (folder / "a.jpg").read_bytes()).endswith(b"\xff\xd9")
        assert sandbox.state.key_leaks == []
        with pytest.raises(FetchError) as refused:
            await fetch(session, links[0].url + "0", folder / "b.jpg")
    assert "signature" not in str(refused.value)
    assert [path.name async for path in folder.iterdir()] == ["a.jpg"]


async def test_what_was_there_stays_when_the_new_one_breaks_off(
    session: aiohttp.ClientSession, tmp_path: anyio.Path
) -> None:
    file = anyio.Path(tmp_path) / "a.jpg"
    await file.write_bytes(b"old")
    async with Sandbox(photos=20) as sandbox:
        sandbox.faults.add(endpoint="cover", truncate_after=50)
        with pytest.raises(FetchError, match=r"a\.jpg did not come whole"):
            await fetch(session, f"{sandbox.photos_url}/imgs/{sandbox.event_id}/cover.jpg", file)
    assert await file.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a4402318-0cf4-4e1e-b8e8-ac8e8f2fc244.jpg", "a4402318-0cf4-4e1e-b8e8-ac8e8f2fc244.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\run 1.JPG", "run_1.JPG"),
        (".bashrc", "bashrc"),
        ("..", "photo"),
        ("", "photo"),
        ("धावक.jpg", "ध_वक.jpg"),
        ("a\x00b\x1b[2J.jpg", "a_b_2J.jpg"),
        ("x" * 300 + ".jpeg", "x" * 50 + ".jpeg"),
    ],
)
def test_safe_names(given: str, name: str) -> None:
    assert safe_name(given) == name
