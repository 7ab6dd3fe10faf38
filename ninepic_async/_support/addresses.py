"""Check whether an address is loopback, private or public."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

IPAddress = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")


def is_loopback(host: str) -> bool:
    """Return whether a host name or literal address means this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    address = literal(host)
    return address is not None and any(each.is_loopback for each in _embedded_or_self(address))


def is_public(address: IPAddress) -> bool:
    """Return whether an address is reachable from the internet. IPv4 addresses inside IPv6 ones count too."""
    return all(_is_global(each) for each in _embedded_or_self(address))


def literal(host: str) -> IPAddress | None:
    """Parse an address, also in old forms (``127.1``, ``0x7f000001``); return None for a host name."""
    host = host.strip("[]").partition("%")[0]
    try:
        return ip_address(host)
    except ValueError:
        pass
    if not host[:1].isdigit():
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _is_global(address: IPAddress) -> bool:
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    return address.is_global and not (isinstance(address, IPv6Address) and address.is_site_local)


def _embedded_or_self(address: IPAddress) -> list[IPAddress]:
    """Return the IPv4 addresses inside an IPv6 address, or else the address itself.

    These forms embed IPv4 addresses: mapped, 6to4, NAT64, Teredo and IPv4-compatible.
    """
    if isinstance(address, IPv4Address):
        return [address]
    embedded: list[IPAddress] = [
        each for each in (address.ipv4_mapped, address.sixtofour) if each is not None
    ]
    embedded += address.teredo or ()
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        embedded.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return embedded or [address]
