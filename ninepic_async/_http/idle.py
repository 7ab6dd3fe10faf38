"""Close pooled connections on which unexpected bytes have arrived, so that they are not used again.

A server may send bytes on an idle connection: a late 408, or the rest of a body whose length was wrong.
aiohttp would read them as the reply to the next request (aio-libs/aiohttp#13656).
"""

from __future__ import annotations

import select
from typing import Any

import aiohttp


async def skip_unclean(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """Close idle connections that hold unexpected bytes. A middleware for aiohttp sessions.

    aiohttp then takes the oldest idle connection. Between the check and this, no other code runs.
    """
    connector = request.session.connector if request.session is not None else None
    for protocol, _ in tuple(getattr(connector, "_conns", {}).get(request.connection_key, ())):
        if _is_clean(protocol):
            break
        protocol.close()  # the pool skips closed connections
    response: aiohttp.ClientResponse = await handler(request)
    return response


def _is_clean(protocol: Any) -> bool:
    return not (protocol.should_close or _has_unread_bytes(protocol) or _is_within_a_message(protocol))


def _is_within_a_message(protocol: Any) -> bool:
    """Return whether the connection's parser has begun to read another reply."""
    parser = protocol._parser
    if parser is None:
        return False
    try:
        return parser.feed_eof() is not None or bool(getattr(parser, "_tail", b""))
    except Exception:
        return True


def _has_unread_bytes(protocol: Any) -> bool:
    """Return whether the socket has bytes or an end of stream that the event loop has not read yet."""
    connection = protocol.transport.get_extra_info("socket") if protocol.transport is not None else None
    if connection is None or connection.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([connection.fileno()], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
