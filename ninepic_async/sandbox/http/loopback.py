"""Whether a request comes from this machine, and from nobody who only borrows its browser."""

from __future__ import annotations

from ipaddress import ip_address

from aiohttp import web
from yarl import URL


class StrangerError(Exception):
    """The request is not from this machine, or on behalf of somebody who is not."""


def check_local(request: web.Request) -> None:
    """Let nobody in but programs of this machine.

    A page of another site can make a browser here send requests: under its own name if that name's
    address is changed to ours (DNS rebinding), which ``Host`` shows, or across sites, which ``Origin`` shows.

    Raises:
        StrangerError: The peer, the ``Host`` or the ``Origin`` is not of this machine.
    """
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if not peer or not is_local(str(peer[0])):
        raise StrangerError("the sandbox can be steered from its own machine only")
    if not is_local(_host(f"http://{request.headers.get('Host', '')}")):
        raise StrangerError("the Host header has to name this machine, as localhost or 127.0.0.1")
    origin = request.headers.get("Origin")
    if origin is not None and not is_local(_host(origin)):
        raise StrangerError("the Origin header has to name this machine: no page of another site may ask")


def is_local(host: str) -> bool:
    """Whether a host's name or address is a loopback one."""
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
