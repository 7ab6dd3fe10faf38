"""The app, asked by a visitor, with a sandbox in 9Pic's place.

Nothing of the app is replaced: `ninepic_environment` sets the variables that its client is made from.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from app import make_app

from ninepic_async.sandbox import Sandbox

pytestmark = [pytest.mark.asyncio, pytest.mark.ninepic_sandbox(photos=60)]
Visitor = TestClient[web.Request, web.Application]


@pytest_asyncio.fixture
async def visitor(ninepic_environment: None, ninepic_sandbox: Sandbox) -> AsyncIterator[Visitor]:
    async with TestClient(TestServer(make_app(ninepic_sandbox.event_id))) as visitor:
        yield visitor


async def ask(visitor: Visitor, bib: str) -> tuple[int, Any]:
    async with visitor.get("/photos", params={"bib": bib}) as reply:
        return reply.status, await reply.json()


async def show(visitor: Visitor, selfie: bytes, request_id: str | None = None) -> tuple[int, Any]:
    async with visitor.put(f"/searches/{request_id or uuid4()}", data=selfie) as reply:
        return reply.status, await reply.json()


async def test_the_page(visitor: Visitor) -> None:
    async with visitor.get("/") as reply:
        assert "Find your photos" in await reply.text()


async def test_photos_by_bib(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    bib = ninepic_sandbox.bibs[0]
    status, photos = await ask(visitor, f" {bib} ")
    assert status == 200
    assert len(photos) == len(ninepic_sandbox.event.gallery.of_bib(bib)) > 0
    assert set(photos[0]) == {"thumbnail", "large"}


async def test_nobody_wears_that_bib(visitor: Visitor) -> None:
    assert await ask(visitor, "nobody") == (200, [])


async def test_photos_by_selfie(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    bib = ninepic_sandbox.bibs[0]
    assert await show(visitor, ninepic_sandbox.selfie(bib)) == await ask(visitor, bib)
    assert await show(visitor, ninepic_sandbox.stranger_selfie()) == (200, [])


async def test_a_visitor_who_presses_twice_is_charged_once(
    visitor: Visitor, ninepic_sandbox: Sandbox
) -> None:
    selfie, request_id = ninepic_sandbox.selfie(ninepic_sandbox.bibs[0]), str(uuid4())
    first = await show(visitor, selfie, request_id)
    assert await show(visitor, selfie, request_id) == first
    ninepic_sandbox.assert_one_search_charged()


async def test_a_reply_that_was_lost_costs_nothing(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    ninepic_sandbox.faults.add(endpoint="face_search", lose_reply=True)
    status, photos = await show(visitor, ninepic_sandbox.selfie(ninepic_sandbox.bibs[0]))
    assert (status, bool(photos)) == (200, True)
    ninepic_sandbox.assert_one_search_charged()


@pytest.mark.parametrize("upload", [b"", b"not a picture"])
async def test_uploads_that_are_no_selfie(visitor: Visitor, ninepic_sandbox: Sandbox, upload: bytes) -> None:
    status, said = await show(visitor, upload)
    assert (status, "photo of your face" in said["error"]) == (400, True)
    assert ninepic_sandbox.state.charges == []


async def test_no_bib(visitor: Visitor) -> None:
    assert (await ask(visitor, " "))[0] == 400


async def test_a_search_that_is_off(ninepic_environment: None, ninepic_sandbox: Sandbox) -> None:
    event = next(event for event in ninepic_sandbox.events if not event.features.bib_search)
    async with TestClient(TestServer(make_app(event.event_id))) as visitor:
        assert (await ask(visitor, "1"))[0] == 404


async def test_9pic_is_busy(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    ninepic_sandbox.faults.add(status=429, headers={"Retry-After": "300"})
    async with visitor.get("/photos", params={"bib": "1"}) as reply:
        assert reply.status == 503
        assert 290 <= int(reply.headers["Retry-After"]) <= 300


async def test_9pic_does_not_know_us(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    ninepic_sandbox.faults.add(status=403, body={"message": "Forbidden"})
    status, said = await ask(visitor, "1")
    assert (status, said["error"]) == (502, "The photos can't be searched at the moment.")
