"""Each effect of a fault, as a raw HTTP client sees it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp
import pytest

from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields
from tests.sandbox.raw_client import Api, talk, until


async def read(api: Api, path: str) -> bytes:
    async with api.session.get(api.url(path), headers={"X-API-Key": api.sandbox.api_key}) as reply:
        return await reply.read()


async def test_attempts_are_counted_by_endpoint_method_path_and_page(api: Api) -> None:
    api.sandbox.faults.add(attempt=2, status=500, body={}, times=None)
    seen = [
        (await api.get(path, **query)).status
        for path, query in [
            ("/images", {}),
            ("/images", {"page": 2}),
            ("/details", {}),
            ("/images", {}),
            ("/images", {"page": 2, "page_size": 5}),
            ("/images", {}),
        ]
    ]
    assert seen == [200, 200, 200, 500, 500, 200]
    assert [record.attempt for record in api.sandbox.requests] == [1, 1, 1, 2, 2, 3]


async def test_fault_without_limit(api: Api) -> None:
    fault = api.sandbox.faults.add(endpoint="ping", status=503, times=None)
    assert api.sandbox.faults.unused == [fault]
    assert [(await api.send_raw("/ping")).status for _ in range(5)] == [503] * 5
    assert api.sandbox.faults.unused == []


async def test_headers_are_added_to_the_real_reply(api: Api) -> None:
    api.sandbox.faults.add(headers={"Retry-After": "7", "content-type": "text/plain"})
    async with api.session.get(api.url("/ping"), headers={"X-API-Key": api.sandbox.api_key}) as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (200, "7")
        assert reply.headers.getall("Content-Type") == ["text/plain"]
        assert b"pong" in await reply.read()


@pytest.mark.parametrize("how", ["status", "reset", "lose_reply"])
async def test_after_work_does_the_work_first(how: str, api: Api) -> None:
    fields: dict[str, FaultFields] = {
        "status": {"status": 503, "body": {}, "after_work": True},
        "reset": {"reset": True, "after_work": True},
        "lose_reply": {"lose_reply": True},
    }
    api.sandbox.faults.add(**fields[how])
    with suppress(aiohttp.ClientError):
        assert (await api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0]))).status == 503
    assert api.sandbox.state.searches_charged == 1


async def test_delay_after_the_work_holds_the_real_reply(api: Api) -> None:
    api.sandbox.faults.add(endpoint="face_search", delay_s=5, after_work=True)
    reply = asyncio.ensure_future(api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0])))
    await until(lambda: api.clock.sleepers == 1)
    assert api.sandbox.state.searches_charged == 1
    api.clock.advance(5)
    assert (await reply).data["images"]


async def test_reset_before_the_head(api: Api) -> None:
    api.sandbox.faults.add(reset=True)
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await api.post("/original-photos", {})
    assert api.sandbox.requests[-1].status == 0


@pytest.mark.parametrize("size", [0, 1, 300])
async def test_reset_after_bytes(size: int, api: Api) -> None:
    api.sandbox.faults.add(reset=True, after_bytes=size)
    async with api.session.get(api.url("/images"), headers={"X-API-Key": api.sandbox.api_key}) as reply:
        assert reply.status == 200
        assert len(await reply.content.readexactly(size)) == size
        with pytest.raises(aiohttp.ClientError):
            await reply.read()


async def test_large_picture_is_cut_at_the_given_byte(api: Api) -> None:
    url = (await api.get("/images")).data["images"][0]["img_url"]
    async with api.session.get(url) as reply:
        whole = await reply.read()
    size = len(whole) - 1
    api.sandbox.faults.add(endpoint="photo", reset=True, after_bytes=size)
    async with api.session.get(url) as reply:
        assert await reply.content.readexactly(size) == whole[:size]
        with pytest.raises(aiohttp.ClientError):
            await reply.read()


async def test_stall_lasts_until_the_client_goes(api: Api) -> None:
    api.sandbox.faults.add(stall=True)
    with pytest.raises(asyncio.TimeoutError):
        await api.send_raw("/ping", timeout=0.5)
    await until(lambda: len(api.sandbox.requests) == 1)
    assert api.sandbox.requests[0].status == 0
    assert (await api.get("/ping")).status == 200


async def test_stall_after_the_work_and_in_the_body(api: Api) -> None:
    api.sandbox.faults.add(endpoint="face_search", stall=True, after_work=True)
    upload = asyncio.ensure_future(api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0])))
    await until(lambda: api.sandbox.state.searches_charged == 1)
    upload.cancel()
    api.sandbox.faults.add(endpoint="photos", stall=True, after_bytes=9)
    async with api.session.get(api.url("/images"), headers={"X-API-Key": api.sandbox.api_key}) as reply:
        assert len(await reply.content.readexactly(9)) == 9
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(reply.content.readany(), 0.05)


async def test_closing_ends_stalls_and_delays(session: aiohttp.ClientSession) -> None:
    async with Sandbox(photos=1) as sandbox:
        api = Api(sandbox, session)
        sandbox.faults.add(endpoint="ping", stall=True)
        sandbox.faults.add(endpoint="details", delay_s=1000)
        calls = [asyncio.ensure_future(api.get(path)) for path in ("/ping", "/details")]
        await until(lambda: sandbox.faults.unused == [])
    for call in calls:
        with pytest.raises(aiohttp.ClientError):
            await call


async def test_started_work_finishes_when_the_client_goes(api: Api) -> None:
    api.sandbox.faults.add(endpoint="face_search")
    upload = asyncio.ensure_future(api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0])))
    await until(lambda: api.sandbox.faults.unused == [])
    for _ in range(50):  # the upload arrives
        await asyncio.sleep(0)
    upload.cancel()
    await until(lambda: api.sandbox.state.searches_charged == 1)
    assert api.sandbox.requests[-1].status == 0


async def test_replace_and_remove_json_paths(api: Api) -> None:
    before = (await api.get("/images")).data
    api.sandbox.faults.add(
        replace={"$.data.images[3].height": "tall", "$.data.pagination.new": [1]},
        remove=["$.data.images[0].image_id", "$.data.images[1]"],
    )
    after = (await api.get("/images")).data
    before["images"][3]["height"] = "tall"
    before["pagination"]["new"] = [1]
    del before["images"][0]["image_id"], before["images"][1]
    assert after == before


@pytest.mark.parametrize(
    "fields",
    [
        {"replace": {"$.data.images[3].height": "tall"}},
        {"remove": ["$.data.status.deeper"]},
        {"remove": ["$.data.nothing"], "truncate_after": 3},
        {"endpoint": None, "replace": {"$[0]": 1}},
    ],
)
async def test_missing_json_path_does_not_count_as_a_strike(fields: FaultFields, api: Api) -> None:
    fault = api.sandbox.faults.add(**fields)
    assert (await api.get("/ping")).data["status"] == "ok"
    assert api.sandbox.faults.unused == [fault]
    with pytest.raises(AssertionError, match=r"struck 0 of 1 times: .* is not in the reply"):
        api.sandbox.faults.assert_used_up()


@pytest.mark.parametrize(
    "fields",
    [{"truncate_after": 500}, {"reset": True, "after_bytes": 500}, {"stall": True, "after_bytes": 500}],
)
async def test_cut_beyond_the_end_does_not_count_as_a_strike(fields: FaultFields, api: Api) -> None:
    fault = api.sandbox.faults.add(**fields)
    assert (await api.get("/ping")).data["status"] == "ok"
    assert api.sandbox.faults.unused == [fault]
    with pytest.raises(AssertionError, match=r"struck 0 of 1 times: the reply has only \d+ bytes"):
        api.sandbox.faults.assert_used_up()
    with suppress(aiohttp.ClientError, asyncio.TimeoutError):
        await api.send_raw("/images", timeout=0.5)
    assert api.sandbox.faults.unused == []


async def test_repeated_page(api: Api) -> None:
    first = (await api.get("/images", page=1, page_size=10)).data
    api.sandbox.faults.add(serve_page=1, page=2)
    assert (await api.get("/images", page=2, page_size=10)).data == first
    assert (await api.get("/images", page=2, page_size=10)).data != first


async def test_serve_page_with_a_delay(api: Api) -> None:
    api.sandbox.faults.add(serve_page=3, delay_s=5, after_work=True)
    reply = asyncio.ensure_future(api.get("/images", page=1, page_size=10))
    await until(lambda: api.clock.sleepers == 1)
    api.clock.advance(5)
    assert (await reply).data["pagination"]["currentPage"] == 3


async def test_extra_bytes(api: Api) -> None:
    whole = await read(api, "/images")
    api.sandbox.faults.add(extra_bytes=5_000_000)
    assert await read(api, "/images") == whole + b" " * 5_000_000


async def test_content_length_too_large(api: Api) -> None:
    api.sandbox.faults.add(headers={"content-length": "100000"})
    with pytest.raises(aiohttp.ClientPayloadError):
        await read(api, "/ping")


async def test_content_length_too_small(api: Api) -> None:
    api.sandbox.faults.add(headers={"Content-Length": "9"})
    head, _, body = (await talk(api, "/ping")).partition(b"\r\n\r\n")
    assert b"Content-Length: 9" in head
    assert body == await read(api, "/ping")


async def test_throttle_per_second(api: Api) -> None:
    throttle = api.sandbox.faults.add(per_second=3, headers={"Retry-After": "1"})
    assert api.sandbox.faults.unused == [throttle]
    assert [(await api.send_raw("/ping")).status for _ in range(5)] == [200, 200, 200, 429, 429]
    assert api.sandbox.faults.unused == []
    api.clock.advance(0.999)
    assert (await api.send_raw("/ping")).status == 429
    api.clock.advance(0.001)
    refused = await api.send_raw("/details")
    assert refused.status == 200
    assert [armed.struck for armed in api.sandbox.faults.armed] == [3]


async def test_throttle_reply_is_the_gateways_or_the_given_one(api: Api) -> None:
    slow_down = "<Error>SlowDown</Error>"
    api.sandbox.faults.add(endpoint="ping", per_second=1)
    api.sandbox.faults.add(endpoint="photo", per_second=1, times=1, status=503, body=slow_down)
    url = (await api.get("/images")).data["images"][0]["thumbnail_url"]
    await api.get("/ping")
    assert (await api.get("/ping")).body == {"message": "Too Many Requests"}
    statuses = []
    for _ in range(3):
        async with api.session.get(url) as reply:
            statuses.append((reply.status, (await reply.read())[:5]))
    assert [status for status, _ in statuses] == [200, 503, 200]
    assert statuses[1][1] == b"<Erro"


async def test_throttle_at_once(api: Api) -> None:
    api.sandbox.faults.add(at_once=2)
    api.sandbox.faults.add(delay_s=10, times=2)
    slow = [asyncio.ensure_future(api.get("/ping")) for _ in range(2)]
    await until(lambda: api.clock.sleepers == 2)
    assert (await api.send_raw("/details")).status == 429
    api.clock.advance(10)
    assert [(await reply).status for reply in slow] == [200, 200]
    assert (await api.send_raw("/details")).status == 200
    api.sandbox.faults.assert_used_up()


async def test_date_header_uses_the_sandbox_clock(api: Api) -> None:
    api.clock.advance(86_400)
    assert (await api.send_raw("/ping")).headers["Date"] == "Tue, 03 Feb 2026 02:40:00 GMT"


async def test_unused_faults_are_listed_with_their_counts(api: Api) -> None:
    faults = api.sandbox.faults
    faults.add(endpoint="ping", status=503, times=3)
    faults.add(endpoint="details", lose_reply=True)
    faults.add(endpoint="photos")
    await api.send_raw("/ping")
    await api.get("/images")
    with pytest.raises(AssertionError) as failure:
        faults.assert_used_up()
    assert str(failure.value).splitlines() == [
        "2 of 3 faults were not used up:",
        "  Fault(endpoint='ping', times=3, status=503) struck 1 of 3 times",
        "  Fault(endpoint='details', lose_reply=True) struck 0 of 1 times",
    ]


async def test_faults_strike_unknown_routes(api: Api) -> None:
    api.sandbox.faults.add(endpoint="unknown", status=502)
    assert [(await api.send_raw("/nonsense")).status for _ in range(2)] == [502, 501]
