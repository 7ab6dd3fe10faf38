"""The aiohttp sessions that the SDK opens itself, for the API and for photo hosts."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
from yarl import URL

from ninepic_async._http import fork
from ninepic_async._http.failures import LostReplyError, describe
from ninepic_async._http.idle import skip_unclean
from ninepic_async._http.proxies import Proxy
from ninepic_async._http.resolver import resolver

CONNECT_TIMEOUT_S: Final = 15.0
"""Leaves time for another attempt if a host does not answer the handshake."""
HEADER_LIMITS: Final[dict[str, Any]] = {
    "max_line_size": 66_000,
    "max_field_size": 66_000,
    "max_headers": 1024,
}
"""Gateways and single sign-on proxies send larger headers than aiohttp allows (8,190 bytes, 128 lines)."""


def open_session(
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    on_socket: Callable[[socket.socket, Any], None] | None = None,
    auto_decompress: bool = True,
) -> aiohttp.ClientSession:
    """Open a session in the running loop. The caller limits how many requests run at a time.

    Args:
        headers: sent with each request.
        tls: None uses aiohttp's own context.
        on_socket: called with each new socket and its address; raises an `OSError` to refuse the address.
        auto_decompress: whether bodies are decompressed.
    """

    def make_socket(address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, target = address
        opened = socket.socket(family, kind, protocol)
        try:
            if on_socket is not None:
                on_socket(opened, target)
        except BaseException:
            opened.close()
            raise
        fork.watch_socket(opened)
        return opened

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, resolver=resolver(), socket_factory=make_socket, ssl=True if tls is None else tls
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        headers=headers,
        auto_decompress=auto_decompress,
        middlewares=(skip_unclean, send_once),
        **HEADER_LIMITS,
    )
    fork.watch_session(session)
    return session


def discard(session: aiohttp.ClientSession) -> None:
    """Close the sockets of a session directly, because its event loop is closed."""
    connector = session.connector
    session.detach()
    if connector is None:
        return
    pooled = [protocol for kept in connector._conns.values() for protocol, _ in kept]
    for protocol in (*pooled, *connector._acquired):
        _close_socket(protocol.transport)
    connector._conns.clear()
    connector._acquired.clear()
    connector._closed = True


def _close_socket(transport: Any) -> None:
    """Close a transport's socket, and mark the transport so that its finalizer does not complain."""
    protocol = getattr(transport, "_ssl_protocol", None)
    if protocol is not None:
        transport._closed = True
        transport = protocol._transport
    opened = getattr(transport, "_sock", None)
    if opened is not None:
        transport._sock = None
        opened.close()


def route(proxy: Proxy | None) -> dict[str, Any]:
    """Return the arguments that send a request through a proxy."""
    if proxy is None:
        return {}
    secret = proxy.authorization
    headers = {} if secret is None else {"Proxy-Authorization": secret.reveal()}
    return {"proxy": URL(proxy.url), "proxy_headers": headers}


async def send_once(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """Prevent aiohttp from sending a request again by itself. A middleware for aiohttp sessions."""
    try:
        response: aiohttp.ClientResponse = await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise LostReplyError(describe(error)) from error
    return response
