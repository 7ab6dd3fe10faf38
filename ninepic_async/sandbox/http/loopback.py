"""Check that a request comes from this machine, and not from a page of another site in its browser."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from aiohttp import web
from yarl import URL

_SAME_SITE: Final = frozenset({"same-origin", "same-site", "none"})


class ForbiddenError(Exception):
    """The request does not come from this machine, or comes from a page of another site."""


def check_local(request: web.Request) -> None:
    """Accept only programs on this machine.

    A page of another site can make a browser on this machine send requests. With DNS rebinding, the request
    has the site's own name in ``Host``. A cross-site request has the site in ``Origin``. Browsers send no
    ``Origin`` for images and links; these have ``Sec-Fetch-Site``.

    Raises:
        ForbiddenError: The peer, ``Host``, ``Origin`` or ``Sec-Fetch-Site`` is not of this machine.
    """
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if not peer or not is_local(str(peer[0])):
        raise ForbiddenError(
            "the control API accepts requests from this machine only, unless the sandbox has a control token"
        )
    if not is_local(_host(f"http://{request.headers.get('Host', '')}")):
        raise ForbiddenError("the Host header must name this machine: use localhost or 127.0.0.1")
    origins = request.headers.getall("Origin", [])
    if not all(is_local(_host(origin)) for origin in origins):
        raise ForbiddenError("the Origin header must name this machine: pages of other sites are refused")
    if not origins and not _SAME_SITE.issuperset(request.headers.getall("Sec-Fetch-Site", [])):
        raise ForbiddenError("the Sec-Fetch-Site header names another site: pages of other sites are refused")


def is_local(host: str) -> bool:
    """Return whether a host name or address is loopback."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _host(origin: str) -> str:
    try:
        return (URL(origin).host or "").removesuffix(".")
    except ValueError:
        return ""
