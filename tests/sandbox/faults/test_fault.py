"""Which requests a fault strikes."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from ninepic_async.sandbox import Sandbox
from tests.sandbox.raw_client import Api, until


async def test_status_is_sent_the_given_number_of_times(api: Api) -> None:
    api.sandbox.faults.add(
        endpoint="photos",
        status=429,
        body={"message": "Too Many Requests"},
        headers={"Retry-After": "3"},
        times=2,
    )
    assert (await api.get("/ping")).status == 200
    for _ in range(2):
        assert len(api.sandbox.faults.unused) == 1
        answer = await api.get("/images")
        assert (answer.status, answer.body) == (429, {"message": "Too Many Requests"})
    assert api.sandbox.faults.unused == []
    assert (await api.get("/images")).status == 200


async def test_faults_strike_in_order(api: Api) -> None:
    for status in (500, 503):
        api.sandbox.faults.add(status=status, body=b"{}", headers={"Content-Type": "application/json"})
    assert [(await api.get("/ping")).status for _ in range(3)] == [500, 503, 200]


async def test_body_is_sent_unchanged(api: Api) -> None:
    api.sandbox.faults.add(status=502, body="<html>", headers={"Content-Type": "text/html"})
    async with api.session.get(api.url("/ping")) as reply:
        assert (reply.status, reply.content_type, await reply.text()) == (502, "text/html", "<html>")


async def test_faults_match_page_and_path(api: Api) -> None:
    api.sandbox.faults.add(page=2, status=500, body={})
    api.sandbox.faults.add(path="*/details", status=503, body={})
    assert (await api.get("/images")).status == 200
    assert (await api.get("/images", page=2)).status == 500
    assert (await api.get("/details")).status == 503


async def test_reset_sends_no_head(api: Api) -> None:
    api.sandbox.faults.add(reset=True)
    with pytest.raises(aiohttp.ClientError):
        await api.post("/original-photos", {})
    assert api.sandbox.requests[-1].status == 0


async def test_reply_lost_after_the_work(api: Api) -> None:
    api.sandbox.faults.add(endpoint="face_search", lose_reply=True)
    with pytest.raises(aiohttp.ClientError):
        await api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0]))
    assert api.sandbox.state.searches_charged == 1


async def test_status_skips_the_work(api: Api) -> None:
    api.sandbox.faults.add(endpoint="face_search", status=500, body={})
    await api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0]))
    assert api.sandbox.state.searches_charged == 0


async def test_truncated_body(api: Api) -> None:
    api.sandbox.faults.add(endpoint="photos", truncate_after=100)
    async with api.session.get(api.url("/images"), headers={"X-API-Key": api.sandbox.api_key}) as reply:
        assert reply.status == 200
        assert reply.content_length is not None
        assert reply.content_length > 100
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.read()


async def test_truncated_photo(api: Api) -> None:
    url = (await api.get("/images")).data["images"][0]["thumbnail_url"]
    api.sandbox.faults.add(endpoint="photo", truncate_after=500)
    async with api.session.get(url) as reply:
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.read()
    async with api.session.get(url) as reply:
        assert len(await reply.read()) == reply.content_length


async def test_delay_uses_the_sandbox_clock(api: Api) -> None:
    api.sandbox.faults.add(delay_s=60)
    reply = asyncio.ensure_future(api.get("/ping"))
    await until(lambda: api.clock.sleepers == 1)
    api.clock.advance(59)
    assert api.clock.sleepers == 1
    api.clock.advance(1)
    assert (await reply).status == 200
    assert api.clock.sleepers == 0


async def test_clear_removes_faults(api: Api) -> None:
    api.sandbox.faults.add(status=500)
    api.sandbox.faults.clear()
    assert (await api.get("/ping")).status == 200


async def test_sandboxes_share_no_faults(sandbox: Sandbox) -> None:
    async with Sandbox(photos=1) as other:
        sandbox.faults.add(status=500)
        assert other.faults.unused == []
        assert other.state is not sandbox.state
