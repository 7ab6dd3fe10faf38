from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import app
import fastapi_app
import httpx
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

from ninepic_async.sandbox import Sandbox

Visitor = httpx.AsyncClient
Visit = Callable[[int], AbstractAsyncContextManager[Visitor]]


@asynccontextmanager
async def at_aiohttp(event_id: int) -> AsyncIterator[Visitor]:
    async with (
        TestServer(app.make_app(event_id)) as server,
        Visitor(base_url=str(server.make_url("/")), trust_env=False) as visitor,
    ):
        yield visitor


@asynccontextmanager
async def at_fastapi(event_id: int) -> AsyncIterator[Visitor]:
    made = fastapi_app.make_app(event_id)
    async with (
        made.router.lifespan_context(made),
        Visitor(base_url="http://finder", transport=httpx.ASGITransport(made)) as visitor,
    ):
        yield visitor


@pytest.fixture(params=[at_aiohttp, at_fastapi], ids=["aiohttp", "fastapi"])
def visit(request: pytest.FixtureRequest, ninepic_environment: None) -> Visit:
    """Serve one of the two apps for an event, and give a visitor of it."""
    visit: Visit = request.param
    return visit


@pytest_asyncio.fixture
async def visitor(visit: Visit, ninepic_sandbox: Sandbox) -> AsyncIterator[Visitor]:
    async with visit(ninepic_sandbox.event_id) as visitor:
        yield visitor
