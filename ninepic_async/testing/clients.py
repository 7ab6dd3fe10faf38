"""How the clients of a test are made: pointed at its sandbox, and quick to try again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, TypedDict

from ninepic_async import NinePic, RetryPolicy
from ninepic_async.sandbox import Sandbox

QUICK: Final = RetryPolicy(initial_s=0.01, max_s=0.1)
"""As many attempts as usual, with waits that no test notices."""


class Settings(TypedDict):
    """The arguments that both faces of the client take."""

    api_key: str
    org_id: int
    base_url: str
    retry: RetryPolicy


def settings(sandbox: Sandbox) -> Settings:
    """What leads a client to a sandbox."""
    return Settings(api_key=sandbox.api_key, org_id=sandbox.org_id, base_url=sandbox.base_url, retry=QUICK)


async def opened(sandbox: Sandbox) -> AsyncIterator[NinePic]:
    """A client in the running loop, closed in it, too."""
    async with NinePic(**settings(sandbox)) as client:
        yield client
