"""Send requests to photo hosts, with sessions that do not have the API key."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import anyio
from yarl import URL

from ninepic_async._http.failures import LostReplyError
from ninepic_async._http.network import Network
from ninepic_async._http.session import open_session, route
from ninepic_async._support.addresses import is_public, literal

RECEIVE_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""With the system's smaller default, files of 4 MiB took a fifth longer."""
MOST_REDIRECTS: Final = 5
_ORIGINS: Final = 64
"""How many origins the proxy cache has. Finding a proxy takes longer than the other work for a small file."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PLAIN: Final = re.compile(r"[!-~]+")
_CLOSE_WITHIN_S: Final = 0.5

NetworkError: Final[tuple[type[Exception], ...]] = (
    aiohttp.ClientError,
    LostReplyError,
    OSError,
    TimeoutError,
)
"""The errors of a connection to a host."""


class LinkError(Exception):
    """A link must not be followed. The message says why."""


class PhotoHost:
    """The connections of one download. The caller sets time limits.

    Args:
        network: proxies, TLS, extra headers, and whether addresses may be private.
    """

    def __init__(self, network: Network = Network()) -> None:  # noqa: B008 (frozen)
        # After a block of this size was freed once, glibc keeps that much memory. Without this, it returns
        # the memory of each chunk to the system, which takes a tenth of the time on small files.
        bytearray(RECEIVE_BUFFER_BYTES)
        self._network = network
        self._direct = self._session(_public_only if not network.allow_private_addresses else _enlarge_buffer)
        self._through_proxy: aiohttp.ClientSession | None = None
        self._proxy_of = lru_cache(_ORIGINS)(network.proxies.find)

    def _session(self, on_socket: Callable[[socket.socket, Any], None]) -> aiohttp.ClientSession:
        # Lengths and ranges count the bytes of the file on the host, so the host must not compress it.
        headers = {**self._network.headers, "Accept-Encoding": "identity"}
        return open_session(
            headers=headers, tls=self._network.tls, on_socket=on_socket, auto_decompress=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.move_on_after(_CLOSE_WITHIN_S, shield=True):
            await self._direct.close()
            if self._through_proxy is not None:
                await self._through_proxy.close()

    async def open(self, link: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        """Request a file, and follow redirects. The caller closes the reply.

        Raises:
            LinkError: the link, or a redirect, must not be followed.
        """
        url = _checked(link)
        for _ in range(MOST_REDIRECTS + 1):
            reply = await self._get(url, headers)
            location = reply.headers.get("Location")
            if reply.status not in _REDIRECTS or location is None:
                return reply
            reply.release()
            following = _checked(location, url)
            if url.scheme == "https" and following.scheme != "https":
                raise LinkError("the host redirects from https to http")
            url = following
        raise LinkError(f"the host redirects more than {MOST_REDIRECTS} times")

    async def _get(self, url: URL, headers: dict[str, str]) -> aiohttp.ClientResponse:
        try:
            return await self._request(url, headers)
        except (UnicodeError, aiohttp.InvalidURL):  # Python's resolver raises the first for a bad host name
            failure = _not_a_link(str(url))
        except aiohttp.ClientConnectorError as error:
            if not isinstance(error.os_error, PrivateAddressError):
                raise
            failure = _not_public(url)
        raise failure

    async def _request(self, url: URL, headers: dict[str, str]) -> aiohttp.ClientResponse:
        if not self._network.allow_private_addresses and _is_private_address(url.host or ""):
            raise _not_public(url)
        proxy = self._proxy_of(str(url.origin()))
        if proxy is None:
            return await self._direct.get(url, headers=headers, allow_redirects=False)
        if self._through_proxy is None:
            self._through_proxy = self._session(_enlarge_buffer)
        proxy_options = route(proxy)
        if url.scheme == "http":
            headers = {**headers, **proxy_options["proxy_headers"]}
        return await self._through_proxy.get(url, headers=headers, allow_redirects=False, **proxy_options)


def _checked(link: str, base: URL | None = None) -> URL:
    try:
        # Keep the link's characters: a signature is only valid for exactly these.
        url = URL(link, encoded=_PLAIN.fullmatch(link) is not None)
        url = url if base is None else base.join(url)
        if url.scheme in ("http", "https") and url.host:
            return url
    except ValueError:
        pass
    raise _not_a_link(link)


@lru_cache(_ORIGINS)
def _is_private_address(host: str) -> bool:
    """Return whether a host is a literal address that is not public."""
    address = literal(host)
    return address is not None and not is_public(address)


def _not_a_link(link: str) -> LinkError:
    shown = re.split("[?#]", link)[0][:80]
    return LinkError(f"{shown!r} is not an http or https link")


def _not_public(url: URL) -> LinkError:
    return LinkError(
        f"{url.scheme}://{url.host} is not a public address, so nothing is fetched from it "
        "(HTTPOptions(allow_private_addresses=True) allows it)"
    )


class PrivateAddressError(OSError):
    """A connection was refused because its address is not public."""


def _public_only(opened: socket.socket, target: tuple[Any, ...]) -> None:
    """Check the address after the name was resolved: a name can resolve to another address each time."""
    address = literal(str(target[0]))
    if address is None or not is_public(address):
        # The same text for all addresses, so that aiohttp reports them as one error of this type.
        raise PrivateAddressError("not a public address")
    _enlarge_buffer(opened, target)


def _enlarge_buffer(opened: socket.socket, _: object) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
