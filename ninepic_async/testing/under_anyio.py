"""A client in the loop of a test that anyio's pytest plugin runs. Imported only with that plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ninepic_async import NinePic
    from ninepic_async.sandbox import Sandbox


def client_fixture(request: pytest.FixtureRequest) -> str | None:
    """Return the fixture for this test, if anyio's plugin runs it."""
    if "anyio_backend" not in request.fixturenames:
        return None
    backend = request.getfixturevalue("anyio_backend_name")
    if backend != "asyncio":
        pytest.fail(
            f"ninepic_async needs asyncio, not {backend}: return 'asyncio' from a fixture anyio_backend",
            pytrace=False,
        )
    return "_ninepic_under_anyio"


@pytest.fixture
async def _ninepic_under_anyio(anyio_backend: object, ninepic_sandbox: Sandbox) -> AsyncIterator[NinePic]:
    from ninepic_async.testing.clients import opened

    async for client in opened(ninepic_sandbox):
        yield client
