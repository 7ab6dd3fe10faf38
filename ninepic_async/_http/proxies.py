"""Choose the proxy for a URL from a setting or from environment variables, by the same rules as httpx."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final, Self
from urllib.parse import unquote_to_bytes, urlsplit

from attrs import field, frozen

from ninepic_async._http.options import ProxyURL, check_proxy
from ninepic_async._support.addresses import is_loopback, literal
from ninepic_async._support.secret import Opaque

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@frozen
class Proxy:
    """A proxy to send requests through."""

    url: str
    """Without user and password, because aiohttp's errors show it."""
    authorization: Opaque[str] | None

    @classmethod
    def of(cls, url: ProxyURL) -> Self:
        """Split a proxy's URL into the address and the credentials."""
        parts = urlsplit(url.whole())
        place = parts.netloc.rpartition("@")[2]
        authorization = None
        if parts.username is not None:
            pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
            authorization = Opaque(f"Basic {b64encode(pair).decode()}")
        return cls(f"{parts.scheme}://{place}", authorization)


@frozen
class Proxies:
    """The proxies of one client."""

    by_scheme: Mapping[str, ProxyURL] = field(factory=dict)
    """The proxy's URL for ``http``, ``https`` or ``all``."""
    exceptions: tuple[str, ...] = ()
    """The entries of ``NO_PROXY``."""

    @classmethod
    def read(cls, proxy: ProxyURL | None, trust_env: bool) -> Self:
        """Return the given proxy for all URLs, or else the proxies that the environment names."""
        if proxy is not None:
            return cls({"all": proxy})
        from urllib.request import getproxies  # slow to import

        found = getproxies() if trust_env else {}
        schemes = [scheme for scheme in ("http", "https", "all") if found.get(scheme)]
        by_scheme = {scheme: ProxyURL(found[scheme]) for scheme in schemes}
        exceptions = tuple(entry.strip().lower() for entry in found.get("no", "").split(",") if entry.strip())
        return cls({} if "*" in exceptions else by_scheme, exceptions)

    def find(self, url: str) -> Proxy | None:
        """Return the proxy for a URL; None to connect directly.

        Raises:
            ConfigError: the proxy that the environment names can't be used.
        """
        if not self.by_scheme:
            return None
        parts = urlsplit(url)
        host = parts.hostname or ""
        chosen = self.by_scheme.get(parts.scheme) or self.by_scheme.get("all")
        if chosen is None or is_loopback(host):
            return None
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        if any(_matches(entry, parts.scheme, host, port) for entry in self.exceptions):
            return None
        check_proxy(chosen, f"the proxy for {parts.scheme} URLs")
        return Proxy.of(chosen)


def _matches(entry: str, scheme: str, host: str, port: int | None) -> bool:
    wanted_scheme, mark, rest = entry.rpartition("://")
    if mark and wanted_scheme not in ("all", scheme):
        return False
    if "/" in rest:
        return _is_in_network(host, rest)
    name, wanted_port = _split_port(rest)
    if wanted_port is not None and wanted_port != port:
        return False
    address = literal(name)
    if address is not None:
        return literal(host) == address
    if mark and not name.startswith("*"):
        return host == name
    return _is_covered(host, name)


def _is_covered(host: str, name: str) -> bool:
    """Return whether a host matches a name in ``NO_PROXY``.

    ``example.com`` matches the domain and its subdomains, ``.example.com`` only the subdomains.
    """
    domain = name.lstrip("*")
    if domain.startswith("."):
        return host.endswith(domain) and len(host) > len(domain)
    return host == domain or host.endswith(f".{domain}")


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def _split_port(entry: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d{1,5})", entry)
    return (found[1].strip("[]"), int(found[2])) if found else (entry.strip("[]"), None)
