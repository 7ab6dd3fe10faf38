"""A client in the loop of a test that pytest-asyncio runs. Imported only with that plugin.

A client belongs to one event loop, and a marker can put a test into the loop of its class, module, package or
session. So there is a fixture for each scope.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from ninepic_async import NinePic
    from ninepic_async.sandbox import Sandbox

_Scope = Literal["function", "class", "module", "package", "session"]


def client_fixture(request: pytest.FixtureRequest) -> str | None:
    """Return the fixture for this test, if pytest-asyncio runs it."""
    if not pytest_asyncio.is_async_test(request.node):
        return None
    if "anyio_backend" in request.fixturenames:
        pytest.fail(
            "pytest-asyncio and anyio's plugin both run this test, each in its own loop: "
            "set asyncio_mode = strict, or remove a marker",
            pytrace=False,
        )
    marker = request.node.get_closest_marker("asyncio")
    scope = marker.kwargs.get("loop_scope") if marker is not None else None
    scope = scope or request.config.getini("asyncio_default_test_loop_scope")
    return f"_ninepic_in_{scope}_loop"


def _client_in_loop_of(scope: _Scope) -> object:
    async def client(ninepic_sandbox: Sandbox) -> AsyncIterator[NinePic]:
        from ninepic_async.testing.clients import opened

        async for opened_client in opened(ninepic_sandbox):
            yield opened_client

    return pytest_asyncio.fixture(client, loop_scope=scope, name=f"_ninepic_in_{scope}_loop")


_in_function = _client_in_loop_of("function")
_in_class = _client_in_loop_of("class")
_in_module = _client_in_loop_of("module")
_in_package = _client_in_loop_of("package")
_in_session = _client_in_loop_of("session")
