"""Starting, stopping, sameness, the log."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.cache import PictureCache

from .wire import Api


async def fingerprint(seed: int, session: ClientSession) -> str:
    """All a sandbox says and shows, but for its ports."""
    async with Sandbox(photos=60, seed=seed, clip_seconds=0) as sandbox:
        api = Api(sandbox, session)
        seen = [str((await api.get(path)).body) for path in ("/events", "/images", "/timeline/days")]
        photo = (await api.get("/images")).data["images"][5]
        selfie = sandbox.selfie(sandbox.bibs[0])
        clip = (await api.upload("/video-clipping/search-by-selfie", selfie)).data["clips"][0]
        hashed = sha256(selfie + sandbox.stranger_selfie())
        for url in (photo["img_url"], photo["thumbnail_url"], clip["clip_url"]):
            async with session.get(url) as reply:
                hashed.update(await reply.read())
        told = "".join([*seen, str(clip), *sandbox.bibs, sandbox.api_key, str(sandbox.org_id)])
        hashed.update(told.replace(sandbox.photos_url, "").encode())
    return hashed.hexdigest()


async def test_the_same_seed_gives_the_same_bytes(session: ClientSession) -> None:
    first, again, other = [await fingerprint(seed, session) for seed in (7, 7, 8)]
    assert first == again != other


async def test_it_starts_at_once() -> None:
    async def start(photos: int) -> float:
        begun = time.perf_counter()
        async with Sandbox(photos=photos):
            return time.perf_counter() - begun

    assert min([await start(500) for _ in range(3)]) < 0.05
    assert min([await start(100_000) for _ in range(3)]) < 1


async def test_a_large_gallery_pages_to_its_end(session: ClientSession) -> None:
    async with Sandbox(photos=100_000) as sandbox:
        api = Api(sandbox, session)
        last = (await api.get("/images", page=1000, page_size=100)).data
        assert len(last["images"]) == 100
        assert not last["pagination"]["hasNextPage"]
        days = (await api.get("/timeline/days")).data["days"]
        assert sum(day["total"] for day in days) == sandbox.event.gallery.timed
        ids = {sandbox.event.gallery.photo(place).image_id for place in range(100_000)}
        assert len(ids) == 100_000


@pytest.mark.parametrize("photos", [0, 1, 2, 5, 11])
async def test_small_galleries(photos: int, session: ClientSession) -> None:
    async with Sandbox(photos=photos) as sandbox:
        api = Api(sandbox, session)
        assert len((await api.get("/images")).data["images"]) == photos
        assert (await api.get("/timeline/days")).status == 200
        model = sandbox.event.gallery
        for place in range(photos):
            assert model.index_of(model.photo(place).image_id) == place
            assert all(place in model.of_bib(bib) for bib in model.bibs_in(place))
        assert all(model.of_bib(bib) for bib in sandbox.bibs)


async def test_starting_and_stopping_by_hand(session: ClientSession) -> None:
    sandbox = Sandbox(photos=5)
    with pytest.raises(RuntimeError, match="start"):
        sandbox.base_url  # noqa: B018
    with pytest.raises(RuntimeError, match="start"):
        sandbox.stranger_selfie()
    assert await sandbox.start() is sandbox
    assert sandbox.base_url.startswith("http://127.0.0.1:")
    assert not sandbox.base_url.endswith("/")
    with pytest.raises(RuntimeError, match="runs already"):
        await sandbox.start()
    await sandbox.aclose()
    await sandbox.aclose()
    with pytest.raises(OSError, match="Cannot connect"):
        await session.get(f"{sandbox.base_url}/")


async def test_a_port_that_is_taken() -> None:
    async with Sandbox(photos=1) as running:
        port = int(running.photos_url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Sandbox(photos=1, photos_port=port).start()


async def test_latency(session: ClientSession) -> None:
    async with Sandbox(photos=1, latency_s=0.03) as sandbox:
        begun = time.monotonic()
        await Api(sandbox, session).get("/ping")
        assert time.monotonic() - begun >= 0.03


async def test_nobody_has_that_bib(sandbox: Sandbox) -> None:
    with pytest.raises(LookupError, match="nobody"):
        sandbox.selfie("nobody")


async def test_the_log(api: Api) -> None:
    await api.get("/images", page=2, page_size=5)
    await api.get("/nonsense")
    first, second = api.sandbox.requests
    assert (first.host, first.method, first.endpoint, first.page) == ("api", "GET", "photos", 2)
    assert first.query == {"page": "2", "page_size": "5"}
    assert first.path.endswith("/images")
    assert (first.status, first.at) == (200, api.clock.now())
    assert first.headers["X-API-Key"] == "***"
    assert api.sandbox.api_key not in repr(api.sandbox.requests)
    assert (second.endpoint, second.status) == ("unknown", 501)


async def test_a_picture_is_made_once_and_forgotten_in_turn() -> None:
    made: list[str] = []

    def make(name: str) -> bytes:
        made.append(name)
        return b"x" * 40

    with ThreadPoolExecutor(2) as threads:
        cache = PictureCache(threads, bytes_kept=100)
        await asyncio.gather(*(cache.get("a", lambda: make("a")) for _ in range(5)))
        assert made == ["a"]
        for name in "bac":
            await cache.get(name, partial(make, name))
        assert made == ["a", "b", "c"]
        await cache.get("b", lambda: make("b"))
        assert made == ["a", "b", "c", "b"]


async def test_a_picture_that_failed_is_tried_again() -> None:
    def fail() -> bytes:
        raise ValueError("no")

    with ThreadPoolExecutor(1) as threads:
        cache = PictureCache(threads)
        with pytest.raises(ValueError, match="no"):
            await cache.get("a", fail)
        assert await cache.get("a", lambda: b"yes") == b"yes"


WITHOUT_PILLOW = """
import asyncio, sys
sys.modules["PIL"] = None
from ninepic_async.sandbox import Sandbox
async def main():
    async with Sandbox(photos=20) as sandbox:
        sandbox.selfie(sandbox.bibs[0])
try:
    asyncio.run(main())
except ImportError as error:
    print(error)
"""


def test_pillow_is_asked_for_when_a_picture_is() -> None:
    told = subprocess.run([sys.executable, "-c", WITHOUT_PILLOW], capture_output=True, text=True, check=True)
    assert "pip install 'ninepic-async[sandbox]'" in told.stdout


async def test_nobody_is_found_where_nobody_ran(session: ClientSession) -> None:
    async with Sandbox(photos=0) as sandbox:
        assert sandbox.bibs == ()
        answer = await Api(sandbox, session).upload("/faces", sandbox.stranger_selfie())
        assert answer.data["images"] == []
