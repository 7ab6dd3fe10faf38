"""Create clients for tests: they call the test's sandbox, and retry quickly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, TypedDict

from ninepic_async import NinePic, RetryPolicy
from ninepic_async.sandbox import Sandbox

QUICK: Final = RetryPolicy(initial_s=0.01, max_s=0.1)
"""The usual number of attempts, with very short waits."""


class Settings(TypedDict):
    """Arguments of both the asyncio and the blocking client."""

    api_key: str
    org_id: int
    base_url: str
    retry: RetryPolicy


def settings(sandbox: Sandbox) -> Settings:
    """Return the arguments of a client of a sandbox."""
    return Settings(api_key=sandbox.api_key, org_id=sandbox.org_id, base_url=sandbox.base_url, retry=QUICK)


async def opened(sandbox: Sandbox) -> AsyncIterator[NinePic]:
    """Yield a client in the running event loop, and close it there."""
    async with NinePic(**settings(sandbox)) as client:
        yield client
