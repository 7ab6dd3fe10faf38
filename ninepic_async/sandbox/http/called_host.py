"""Build links with the host name that the client used: other machines can know this one by another name."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from ninepic_async.sandbox.links import CALLED_HOST

_HOST: Final = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


@web.middleware
async def remember_called_host(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer a request; links in the reply have the host of the request's ``Host`` header."""
    named = _HOST.fullmatch(request.headers.get("Host", ""))
    before = CALLED_HOST.set(named[1] if named else None)
    try:
        return await handler(request)
    finally:
        CALLED_HOST.reset(before)
