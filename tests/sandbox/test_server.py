"""Start, end, settings, and the same bytes for the same seed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest
from aiohttp import ClientSession, FormData

from ninepic_async.sandbox import ManualClock, Sandbox

from .raw_client import Answer, Api, until

SEARCHED = "1c6a9f9e-3f5c-4f0e-9b57-6f6f9f4d7a01"


async def everything_of(seed: int, session: ClientSession) -> dict[str, bytes]:
    """Return all that a sandbox serves, heads and bodies, without its ports."""
    said: dict[str, bytes] = {}
    async with Sandbox(photos=60, seed=seed, clock=ManualClock()) as sandbox:
        api = Api(sandbox, session)

        async def note(name: str, url: str, method: str = "GET", **sent: Any) -> Any:
            key = {"X-API-Key": sandbox.api_key} if url.startswith(sandbox.base_url) else {}
            async with session.request(method, url, headers=key, **sent) as reply:
                head = [f"{reply.status}", *(f"{name}: {value}" for name, value in reply.headers.items())]
                body = (await reply.read()).replace(sandbox.photos_url.encode(), b"//photos")
                assert reply.status == 200
                said[name] = "\n".join(line for line in head if "Content-Length" not in line).encode() + body
                return await reply.json() if reply.content_type == "application/json" else None

        selfie = sandbox.selfie(sandbox.bibs[0])
        said["people"] = repr((sandbox.api_key, sandbox.org_id, *sandbox.bibs)).encode() + selfie
        said["stranger"] = sandbox.stranger_selfie()
        for path in ("/events", "/ping", "/details", "/images", f"/bibs/{sandbox.bibs[0]}", "/timeline/days"):
            await note(path, api.url(path))
        await note("/timeline/images", api.url("/timeline/images?from=0&to=4000000000"))
        first = await note("/faces", api.url("/faces"), "POST", data=selfie_form(selfie))
        await note("/faces/id", api.url(f"/faces/{first['data']['request_id']}"))
        path = "/video-clipping/search-by-selfie"
        job = await note(path, api.url(path), "POST", data=selfie_form(selfie))
        api.clock.advance(2)
        done = await note("/video-clipping/id", api.url(f"/video-clipping/{job['data']['request_id']}"))
        wanted = {"method": "bib", "identifier": sandbox.bibs[0]}
        links = await note("/original-photos", api.url("/original-photos"), "POST", json=wanted)
        photo = first["data"]["images"][0]
        for url in (
            photo["img_url"],
            photo["thumbnail_url"],
            done["data"]["clips"][0]["clip_url"],
            links["data"]["presigned_urls"][0]["url"],
            f"{sandbox.photos_url}/imgs/{sandbox.event_id}/cover.jpg",
        ):
            await note(url.removeprefix(sandbox.photos_url).partition("?")[0], url)
        return said


def selfie_form(selfie: bytes) -> FormData:
    form = FormData(default_to_multipart=True)
    form.add_field("selfie", selfie, filename="selfie.jpg", content_type="image/jpeg")
    return form


async def test_same_seed_gives_the_same_bytes(session: ClientSession) -> None:
    first, again, other = [await everything_of(seed, session) for seed in (7, 7, 8)]

    assert {name for name in first if first[name] != again[name]} == set()
    assert len(first) == 19
    assert {name for name in first.keys() & other.keys() if first[name] == other[name]} == set()


MADE_UP = """
import asyncio, hashlib
from ninepic_async.sandbox import Sandbox
async def main():
    async with Sandbox(photos=60) as sandbox:
        gallery = sandbox.event.gallery
        photos = [(gallery.photo(place), gallery.bibs_in(place)) for place in range(60)]
        made_up = repr((sandbox.api_key, sandbox.bibs, sorted(sandbox.state.events), photos)).encode()
        print(hashlib.sha256(made_up + sandbox.selfie(sandbox.bibs[0])).hexdigest())
asyncio.run(main())
"""


def test_same_seed_in_another_process() -> None:
    received = {
        subprocess.run(
            [sys.executable, "-c", MADE_UP],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(received) == 1


async def test_sandboxes_share_nothing(session: ClientSession) -> None:
    async with (
        Sandbox(photos=40, clock=ManualClock()) as sandbox,
        Sandbox(photos=40, clock=ManualClock()) as other,
    ):
        api, its = Api(sandbox, session), Api(other, session)
        sandbox.faults.add(endpoint="details", status=503, body={})
        found = (await api.upload("/faces", sandbox.selfie(sandbox.bibs[0]), SEARCHED)).data
        api.clock.advance(50)

        assert (await its.get("/details")).status == 200
        assert (await its.get(f"/faces/{SEARCHED}")).refusal == (404, "request_id not found")
        assert (await its.upload("/faces", sandbox.selfie(sandbox.bibs[0]), SEARCHED)).data["request_id"] == (
            found["request_id"]
        )
        assert len(sandbox.faults.unused) == 1
        assert (sandbox.state.searches_charged, other.state.searches_charged) == (1, 1)
        assert [record.endpoint for record in sandbox.requests] == ["face_search"]
        assert [record.attempt for record in other.requests] == [1, 1, 1]
        assert sandbox.clock.now() == other.clock.now() + 50


DRAWS_NOTHING = """
import asyncio, sys
from aiohttp import ClientSession, FormData
from ninepic_async.sandbox import Sandbox
async def main():
    async with Sandbox(photos=500) as sandbox, ClientSession() as session:
        event = f"{sandbox.base_url}/api/v1/ext/{sandbox.org_id}/event/{sandbox.event_id}"
        url = f"{event}/bibs/{sandbox.bibs[0]}"
        async with session.get(url, headers={"X-API-Key": sandbox.api_key}) as reply:
            print(len((await reply.json())["data"]["images"]))
asyncio.run(main())
print(sorted({"PIL", "numpy", "av"} & set(sys.modules)))
"""


def test_bib_search_imports_no_picture_library() -> None:
    received = subprocess.run(
        [sys.executable, "-c", DRAWS_NOTHING], capture_output=True, text=True, check=True
    )
    found, loaded = received.stdout.splitlines()
    assert int(found) > 0
    assert loaded == "[]"


async def test_100_000_photos_page_to_the_end(session: ClientSession) -> None:
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
async def test_few_photos(photos: int, session: ClientSession) -> None:
    async with Sandbox(photos=photos) as sandbox:
        api = Api(sandbox, session)
        assert len((await api.get("/images")).data["images"]) == photos
        assert (await api.get("/timeline/days")).status == 200
        model = sandbox.event.gallery
        for place in range(photos):
            assert model.index_of(model.photo(place).image_id) == place
            assert all(place in model.of_bib(bib) for bib in model.bibs_in(place))
        assert all(model.of_bib(bib) for bib in sandbox.bibs)


async def test_start_and_aclose(session: ClientSession) -> None:
    sandbox = Sandbox(photos=5)
    with pytest.raises(RuntimeError, match="start"):
        sandbox.base_url  # noqa: B018
    with pytest.raises(RuntimeError, match="start"):
        sandbox.stranger_selfie()
    assert await sandbox.start() is sandbox
    assert sandbox.base_url.startswith("http://127.0.0.1:")
    assert not sandbox.base_url.endswith("/")
    with pytest.raises(RuntimeError, match="running already"):
        await sandbox.start()
    await sandbox.aclose()
    await sandbox.aclose()
    with pytest.raises(OSError, match="Cannot connect"):
        await session.get(f"{sandbox.base_url}/")


@pytest.mark.parametrize(
    "setting",
    [
        {"photos": -1},
        {"latency_s": -1},
        {"clip_seconds": -1},
        {"control_token": ""},
        {"link_lifetime_s": float("inf")},
        {"missing_originals": 1.5},
        {"missing_originals": float("nan")},
    ],
)
def test_invalid_settings(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        Sandbox(**setting)


@pytest.mark.parametrize(
    "setting", [{"photos": "5"}, {"photos": 1.5}, {"latency_s": "1"}, {"control_token": 7}]
)
def test_settings_of_the_wrong_type(setting: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Sandbox(**setting)


async def test_settings_are_fixed_while_running() -> None:
    sandbox = Sandbox(photos=5)
    sandbox.latency_s = 0.5
    with pytest.raises(ValueError, match="latency_s"):
        sandbox.latency_s = -1
    async with sandbox:
        for setting, value in (("latency_s", 1), ("clip_seconds", 0), ("seed", 3), ("photos", 6)):
            with pytest.raises(RuntimeError, match=f"is running: set {setting} when"):
                setattr(sandbox, setting, value)
        sandbox.reset(seed=3, photos=6)
        assert (sandbox.latency_s, sandbox.seed, sandbox.photos) == (0.5, 3, 6)


async def test_taken_port() -> None:
    async with Sandbox(photos=1) as running:
        port = int(running.photos_url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Sandbox(photos=1, photos_port=port).start()


async def test_all_addresses_are_reached_by_loopback(session: ClientSession) -> None:
    async with Sandbox(photos=1, host="0.0.0.0", clock=ManualClock()) as sandbox:
        assert sandbox.base_url.startswith("http://127.0.0.1:")
        photo = (await Api(sandbox, session).get("/images")).data["images"][0]
        assert photo["img_url"].startswith("http://127.0.0.1:")


async def test_clock_is_set_before_the_start(session: ClientSession) -> None:
    sandbox = Sandbox(photos=1)
    sandbox.clock = ManualClock(start=0)
    async with sandbox:
        head = await Api(sandbox, session).send_raw("/ping")
        assert head.headers["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"


async def test_latency_uses_the_sandbox_clock(session: ClientSession) -> None:
    async with Sandbox(photos=1, latency_s=3, clock=ManualClock()) as sandbox:
        api = Api(sandbox, session)
        reply = asyncio.ensure_future(api.get("/ping"))
        await until(lambda: api.clock.sleepers == 1)
        api.clock.advance(3)
        assert (await reply).status == 200


async def test_running_reply_counts_for_at_once(session: ClientSession) -> None:
    async with Sandbox(photos=1, latency_s=3, clock=ManualClock()) as sandbox:
        api = Api(sandbox, session)
        sandbox.faults.add(at_once=2)
        calls: list[asyncio.Future[Answer]] = []
        while len(calls) < 3:
            calls.append(asyncio.ensure_future(api.get("/ping")))
            await until(lambda: api.clock.sleepers == len(calls))
            api.clock.advance(1)
        statuses = []
        for call in calls:
            statuses.append((await call).status)
            api.clock.advance(1)
        assert statuses == [200, 200, 429]


async def test_selfie_of_an_unknown_bib(sandbox: Sandbox) -> None:
    with pytest.raises(LookupError, match="nobody"):
        sandbox.selfie("nobody")


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


def test_missing_pillow_says_what_to_install() -> None:
    received = subprocess.run(
        [sys.executable, "-c", WITHOUT_PILLOW], capture_output=True, text=True, check=True
    )
    assert "pip install 'ninepic-async[sandbox]'" in received.stdout


async def test_event_without_participants_matches_nobody(session: ClientSession) -> None:
    async with Sandbox(photos=0) as sandbox:
        assert sandbox.bibs == ()
        answer = await Api(sandbox, session).upload("/faces", sandbox.stranger_selfie())
        assert answer.data["images"] == []
