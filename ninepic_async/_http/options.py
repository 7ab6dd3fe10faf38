"""The settings of a client's connections: `HTTPOptions`."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from attrs import field, frozen

from ninepic_async.errors import ConfigError

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "if-range",
        "proxy-authorization",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-api-key",
    }
)


def _shown_proxy(proxy: str | None) -> str:
    if proxy is None:
        return "None"
    credentials, at, place = proxy.rpartition("@")
    scheme, mark, _ = credentials.rpartition("://")
    return repr(f"{scheme}{mark}***@{place}" if at else place)


def _shown_headers(headers: Mapping[str, str]) -> str:
    return repr(dict.fromkeys(headers, "***"))


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise ConfigError(
            f"HTTPOptions(headers=…) is a {type(headers).__name__}: give a dict of names and values"
        )
    return dict(headers)


@frozen(kw_only=True)
class HTTPOptions:
    """How a client connects: proxy, TLS, extra headers. It applies to API calls and to photo downloads.

    Args:
        proxy: the URL of an HTTP proxy for everything, with user and password if it needs them. None uses the
            environment's. Loopback hosts are always reached directly.
        trust_env: whether ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``, ``SSL_CERT_FILE`` and
            ``SSL_CERT_DIR`` are read, when the client is created.
        ssl_context: for all TLS connections, such as one that knows a company's own CA.
        headers: sent with every request, to 9Pic and to photo hosts. They can't replace the client's own.
        user_agent: put before the client's own ``User-Agent``, such as ``"myapp/1.2"``.
        allow_private_addresses: whether photo links may lead to addresses that are not public. If
            ``base_url`` is a loopback host they always may.
        allow_plain_http: whether ``base_url`` may be an ``http`` URL of another machine, such as a sandbox in
            a container. The API key is then readable on the network.

    Raises:
        ConfigError: a value is wrong. The message names it.

    Example:
        >>> options = HTTPOptions(proxy="http://proxy.example:3128", user_agent="myapp/1.2")
        >>> async with NinePic("key", 903, http=options) as client:
        ...     photos = await client.event(456).bib_search("1234").collect()

    Reference: docs.9pic.ai, External API, Authentication.
    """

    proxy: str | None = field(default=None, repr=_shown_proxy)
    trust_env: bool = field(default=True)
    ssl_context: ssl.SSLContext | None = field(default=None)
    headers: Mapping[str, str] = field(factory=dict, converter=_headers, repr=_shown_headers, hash=False)
    user_agent: str | None = field(default=None)
    allow_private_addresses: bool = field(default=False)
    allow_plain_http: bool = field(default=False)

    def __attrs_post_init__(self) -> None:
        for name in ("trust_env", "allow_private_addresses", "allow_plain_http"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"HTTPOptions({name}={getattr(self, name)!r}): give True or False")
        if self.ssl_context is not None and not isinstance(self.ssl_context, ssl.SSLContext):
            raise ConfigError(
                f"HTTPOptions(ssl_context=…) is a {type(self.ssl_context).__name__}: give an ssl.SSLContext, "
                "such as ssl.create_default_context(cafile=…)"
            )
        if self.proxy is not None:
            check_proxy(self.proxy, "HTTPOptions(proxy=…)")
        for header, value in self.headers.items():
            _check_header(header, value)
        if self.user_agent is not None and not _is_product(self.user_agent):
            raise ConfigError(
                f"HTTPOptions(user_agent={self.user_agent!r}): give printable ASCII, such as 'myapp/1.2'"
            )


def check_proxy(proxy: str, where: str) -> str:
    """Return a proxy's URL, with its scheme.

    Args:
        proxy: the URL; without a scheme it means ``http``.
        where: the setting that it comes from, for the error. The URL is not shown: it may hold a password.

    Raises:
        ConfigError: it is not the URL of an HTTP proxy.
    """
    url = proxy.strip() if isinstance(proxy, str) else ""
    url = url if "://" in url else f"http://{url}"
    scheme = _scheme_of_proxy(url)
    if scheme in ("http", "https"):
        return url
    if scheme is not None:
        raise ConfigError(f"{where} names a {scheme} proxy: only http and https proxies are supported")
    raise ConfigError(f"{where} is not the URL of a proxy: give one such as http://proxy.example:3128")


def _scheme_of_proxy(url: str) -> str | None:
    """Return the scheme; None if it is not the URL of a host."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        return None
    return parts.scheme if usable else None


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise ConfigError(f"HTTPOptions(headers=…): {name!r} is not a header's name")
    if name.lower() in _OURS:
        hint = ": use user_agent=" if name.lower() == "user-agent" else ": the client sets it itself"
        raise ConfigError(f"HTTPOptions(headers=…) can't replace {name}{hint}")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise ConfigError(f"HTTPOptions(headers=…): the value of {name} must be text on one line")


def _is_product(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and text.isascii() and text.isprintable()
