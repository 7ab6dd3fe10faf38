"""Control of a sandbox over HTTP."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from PIL import Image
from yarl import URL

from ninepic_async.sandbox import Sandbox
from tests.sandbox.raw_client import Api, talk

from .remote import Remote

PHOTOS = 120
EVENT_ID = 487


async def search(api: Api, place: int = 0) -> str:
    """Search for one participant, and return the ``request_id``."""
    found = await api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[place]))
    request_id: str = found.data["request_id"]
    return request_id


async def test_control_is_off_by_default(session: ClientSession) -> None:
    async with Sandbox(photos=5) as plain:
        answer = await Remote(plain, session).send("POST", "/reset")
        assert answer.status == 501
        assert "POST /_sandbox/reset" in answer.body["message"]


async def test_about_gives_addresses_and_credentials(remote: Remote, api: Api) -> None:
    about = await remote.get()
    assert about["api_key"] == api.sandbox.api_key
    assert (about["org_id"], about["event_id"]) == (api.sandbox.org_id, api.sandbox.event_id)
    assert (about["base_url"], about["photos_url"]) == (api.sandbox.base_url, api.sandbox.photos_url)
    assert about["bibs"] == list(api.sandbox.bibs)
    assert (about["seed"], about["photos"]) == (7, PHOTOS)


async def test_control_is_not_logged_and_meets_no_faults(remote: Remote, api: Api) -> None:
    api.sandbox.faults.add(status=503)
    await remote.get()
    assert list(api.sandbox.requests) == []
    assert len(api.sandbox.faults.unused) == 1


async def test_reset_clears_the_state_and_keeps_the_event(remote: Remote, api: Api) -> None:
    images = (await api.get("/images")).body
    first = await search(api)
    api.sandbox.faults.add(status=503)
    assert (await remote.post("/reset")).body == await remote.get()
    assert api.sandbox.state.charges == []
    assert api.sandbox.faults.unused == []
    assert list(api.sandbox.requests) == []
    assert (await api.get(f"/faces/{first}")).status == 404
    assert (await api.get("/images")).body == images
    assert await search(api) == first, "ids are given out from the beginning"


async def test_new_seed_changes_the_events_and_keeps_the_key(remote: Remote, api: Api) -> None:
    before = await remote.get()
    picture = api.sandbox.selfie(before["bibs"][0])
    after = (await remote.post("/seed", {"seed": 11, "photos": 40})).body
    assert after["bibs"] != before["bibs"]
    assert (after["seed"], after["photos"]) == (11, 40)
    assert [after[name] for name in ("api_key", "org_id")] == [before[name] for name in ("api_key", "org_id")]
    assert len((await api.get("/images", page_size=100)).data["images"]) == 40
    async with Sandbox(photos=40, seed=11) as fresh:
        assert after["bibs"] == list(fresh.bibs)
        assert after["event_id"] == fresh.event_id
        assert api.sandbox.selfie(after["bibs"][0]) == fresh.selfie(after["bibs"][0]) != picture
        assert (await Api(fresh, api.session).get("/timeline/days")).body == (
            await api.get("/timeline/days")
        ).body


async def test_reset_drops_cached_pages_and_pictures(session: ClientSession) -> None:
    async def first(running: Sandbox) -> tuple[str, bytes]:
        photo = (await Api(running, session).get("/images")).data["images"][0]
        async with session.get(photo["thumbnail_url"]) as reply:
            return photo["image_id"], await reply.read()

    async with Sandbox(photos=200) as fresh, Sandbox(photos=40, control=True) as running:
        before = await first(running)
        await Remote(running, session).post("/seed", {"photos": 200})
        assert running.event_id == fresh.event_id
        assert await first(running) == await first(fresh) != before


async def test_snapshot_is_restored(remote: Remote, api: Api) -> None:
    request_id = await search(api)
    job = (await api.upload("/video-clipping/search-by-selfie", None, request_id)).data["request_id"]
    api.clock.advance(1)
    taken = await remote.get("/snapshot")
    found = (await api.get(f"/faces/{request_id}")).body

    await remote.post("/seed", {"seed": 3})
    api.sandbox.faults.add(endpoint="events", status=503)
    api.clock.advance(3600)
    assert (await remote.send("PUT", "/snapshot", json=taken)).status == 200
    assert len(api.sandbox.faults.unused) == 1, "faults are no part of it"
    assert (await api.get(f"/faces/{request_id}")).body == found
    assert (await api.get(f"/video-clipping/{job}")).data["status"] == "processing"
    assert [charge.request_id for charge in api.sandbox.state.charges] == [request_id]
    assert await remote.get("/snapshot") == taken
    api.clock.advance(1)
    assert (await api.get(f"/video-clipping/{job}")).data["status"] == "completed"
    assert await search(api, 1) != request_id, "ids go on from where they were"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"searches": [{"event_id": 1, "request_id": "x", "bibs": []}]}, "no event 1"),
        ({"jobs": [{"event_id": 1, "request_id": "x", "age_s": 0}]}, "no search x"),
        ({"photos": None}, "the snapshot is of drawn photos"),
        ({"added": [{"index": 0, "taken_at": 0}]}, "added: a photo with the index 0 can't be drawn"),
        ({"removed": ["nonsense"]}, "removed: the main event has no photo 'nonsense'"),
        (
            {"searches": [{"event_id": EVENT_ID, "request_id": "x", "bibs": [], "photos": ["nonsense"]}]},
            f"searches: there is no photo 'nonsense' in event {EVENT_ID}",
        ),
        ({"seed": "7"}, 'seed: should be a whole number, not "7"'),
        ({"charges": [{"endpoint": "face_search", "event_id": 1}]}, "charges.0.request_id: is missing"),
        ({"nonsense": 1}, "nonsense: is not a known field"),
    ],
)
async def test_invalid_snapshot(remote: Remote, api: Api, change: Any, said: str) -> None:
    await search(api)
    taken = await remote.get("/snapshot")
    answer = await remote.send("PUT", "/snapshot", json=taken | change)
    assert answer.status == 400
    assert said in answer.body["message"]
    assert await remote.get("/snapshot") == taken, "nothing was changed"


async def test_clock_is_advanced(remote: Remote, api: Api) -> None:
    before = (await remote.get("/clock"))["now"]
    assert (await remote.post("/clock", {"advance_s": 3600})).body == {"now": before + 3600}
    assert api.clock.now() == before + 3600
    for seconds in (-1, 1e300):
        assert (await remote.post("/clock", {"advance_s": seconds})).status == 400
    assert await remote.get("/clock") == {"now": before + 3600}


async def test_real_clock_is_advanced(session: ClientSession) -> None:
    async with Sandbox(photos=20, control=True, clip_seconds=3600) as running:
        remote, api = Remote(running, session), Api(running, session)
        selfie = running.selfie(running.bibs[0])
        started = (await api.upload("/video-clipping/search-by-selfie", selfie)).data
        assert started["status"] == "queued"
        await remote.post("/clock", {"advance_s": 3600})
        done = (await api.get(f"/video-clipping/{started['request_id']}")).data
        assert done["status"] == "completed"


async def test_advancing_the_real_clock_ends_delays(session: ClientSession) -> None:
    async with Sandbox(photos=5, control=True) as running:
        remote, api = Remote(running, session), Api(running, session)
        running.faults.add(endpoint="ping", delay_s=3600)
        waiting = asyncio.create_task(api.get("/ping"))
        async with asyncio.timeout(5):
            while not (await remote.get("/faults"))["used_up"]:
                pass
            await remote.post("/clock", {"advance_s": 1800})
            assert not waiting.done()
            await remote.post("/clock", {"advance_s": 1800})
            assert (await waiting).status == 200


async def test_faults_are_listed_with_their_counts(remote: Remote, api: Api) -> None:
    ping = {"endpoint": "ping", "status": 503, "body": "<html>", "headers": {"Retry-After": "0"}}
    added = (await remote.post("/faults", [ping, {"endpoint": "details", "times": 2, "delay_s": 0}])).body
    assert added["faults"][0] == {"fault": ping, "struck": 0, "used_up": False, "missed": ""}
    assert added["used_up"] is False
    async with api.session.get(api.url("/ping")) as reply:
        assert (reply.status, await reply.text()) == (503, "<html>")
        assert reply.headers["Retry-After"] == "0"
    await api.get("/details")
    received = (await remote.get("/faults"))["faults"]
    assert [(each["struck"], each["used_up"]) for each in received] == [(1, True), (1, False)]
    await api.get("/details")
    assert (await remote.get("/faults"))["used_up"] is True
    assert (await remote.send("DELETE", "/faults")).body == {"faults": [], "used_up": True}
    api.sandbox.faults.add(endpoint="ping", status=500, body=b"\xff")
    assert (await remote.get("/faults"))["faults"][0]["fault"]["body"] == "\ufffd"


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({"stauts": 503}, "stauts", "is not a known field"),
        ({"times": "2"}, "times", 'should be a whole number, not "2"'),
        ({"times": True}, "times", "should be a whole number, not true"),
        ({"delay_s": "1"}, "delay_s", "should be a number"),
        ({"reset": 1}, "reset", "should be true or false, not 1"),
        ({"remove": "$.data", "status": 200}, "remove", 'should be a list, not "$.data"'),
        ({"replace": ["$.data"]}, "replace", "should be an object, not"),
        ({"remove": [1]}, "remove.0", "should be a string, not 1"),
        ({"status": 503, "per_second": 0}, "", "per_second"),
        ({"headers": {"Retry-After": 1}}, "headers.Retry-After", "should be a string, not 1"),
        ([{"status": 500}, {"page": 1.5}], "1.page", "should be a whole number, not 1.5"),
        ([7], "0", "should be an object, not 7"),
        ("x", "", "should be an object"),
    ],
)
async def test_invalid_faults(remote: Remote, api: Api, body: object, field: str, problem: str) -> None:
    answer = await remote.post("/faults", body)
    assert answer.status == 400
    (received,) = answer.body["problems"]
    assert received["field"] == field
    assert problem in received["problem"]
    assert api.sandbox.faults.unused == [], "all or none"


async def test_each_problem_is_named(remote: Remote) -> None:
    answer = await remote.post("/faults", {"page": "1", "status": "x", "what": 1})
    assert {problem["field"] for problem in answer.body["problems"]} == {"page", "status", "what"}


async def test_body_that_is_not_json(remote: Remote) -> None:
    answer = await remote.send("POST", "/faults", data=b"{")
    assert answer.status == 400
    assert "should be JSON" in answer.body["message"]


async def test_log_is_read_and_cleared(remote: Remote, api: Api) -> None:
    await api.get("/ping")
    await api.get("/images", page=2)
    received = (await remote.get("/requests", endpoint="photos"))["requests"]
    assert [(each["endpoint"], each["page"], each["status"]) for each in received] == [("photos", 2, 200)]
    assert received[0]["headers"]["X-API-Key"] == "***"
    assert len((await remote.get("/requests"))["requests"]) == 2
    assert (await remote.send("DELETE", "/requests")).body == {"requests": []}


async def test_headers_that_are_not_utf8_are_logged(remote: Remote, api: Api) -> None:
    await talk(api, "/ping", b"X-Name: caf\xe9", b"Connection: close")
    (received,) = (await remote.get("/requests"))["requests"]
    assert (received["headers"]["X-Name"], received["status"]) == ("caf\ufffd", 200)


async def test_selfies_over_control(remote: Remote, api: Api) -> None:
    async def picture(path: str) -> bytes:
        async with remote.session.get(URL(f"{api.sandbox.base_url}/_sandbox{path}", encoded=True)) as reply:
            assert (reply.status, reply.content_type) == (200, "image/jpeg")
            return await reply.read()

    for bib in api.sandbox.bibs:
        assert await picture(f"/selfie/{quote(bib, safe='')}") == api.sandbox.selfie(bib)
    assert await picture(f"/selfie/{api.sandbox.bibs[0]}?take=2") == api.sandbox.selfie(
        api.sandbox.bibs[0], 2
    )
    assert await picture("/stranger-selfie") == api.sandbox.stranger_selfie()
    answer = await remote.send("GET", "/selfie/nobody")
    assert (answer.status, "nobody" in answer.body["message"]) == (404, True)
    answer = await remote.send("GET", "/stranger-selfie", params={"take": "x"})
    assert answer.body["problems"] == [{"field": "query.take", "problem": "should be a whole number from 0"}]


async def test_pictures_without_pillow(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "ninepic_async.sandbox.pictures.drawn_pictures", None)
    answer = await remote.send("GET", "/stranger-selfie")
    assert (answer.status, "pip install" in answer.body["message"]) == (501, True)


async def test_unknown_paths(remote: Remote) -> None:
    assert (await remote.send("GET", "/nonsense")).status == 404
    assert (await remote.send("GET", "/reset")).status == 405


async def test_reset_keeps_the_photos_of_a_folder(tmp_path: Path, session: ClientSession) -> None:
    for name in ("a", "b"):
        Image.new("RGB", (32, 24)).save(tmp_path / f"{name}.jpg")
    async with Sandbox(folder=tmp_path, control=True) as running:
        remote = Remote(running, session)
        first = await remote.get()
        assert first["photos"] == 2
        answer = await remote.post("/seed", {"photos": 50})
        assert (answer.status, "folder" in answer.body["message"]) == (400, True)
        assert (await remote.post("/seed", {"seed": 3})).body["photos"] == 2
        taken = await remote.get("/snapshot")
        assert taken["photos"] is None
        assert (await remote.send("PUT", "/snapshot", json=taken)).status == 200
        assert (await remote.send("PUT", "/snapshot", json=taken | {"photos": 9})).status == 400


async def test_reset_from_python() -> None:
    async with Sandbox(photos=20) as running:
        with pytest.raises(ValueError, match="photos"):
            running.reset(photos=-1)
        running.reset(photos=30)
        assert running.event.gallery.total == 30
