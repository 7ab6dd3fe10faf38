"""``ninepic sandbox``: the sandbox as a server of its own, for clients in other processes."""

from __future__ import annotations

import asyncio

from ninepic_async.cli.terminal import say
from ninepic_async.sandbox import Sandbox


async def run(sandbox: Sandbox) -> None:
    """Serve until cancelled, which is what Ctrl-C does."""
    async with sandbox:
        say(f"The sandbox listens on {sandbox.base_url}, its photos are on {sandbox.photos_url}.")
        say("Point a client at it (the key is good for this sandbox only, and no secret):")
        say()
        say(f"  export NINEPIC_BASE_URL={sandbox.base_url}")
        say(f"  export NINEPIC_API_KEY={sandbox.api_key}")
        say(f"  export NINEPIC_ORG_ID={sandbox.org_id}")
        say()
        say(f"The main event is {sandbox.event_id}, with {sandbox.event.gallery.total} photos.")
        if sandbox.bibs:
            say(f"BIBs to search for: {', '.join(sandbox.bibs[:8])}")
        say("Ctrl-C ends it.")
        await asyncio.Event().wait()
