"""The settings of a client's connections: `HTTPOptions`."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen

from ninepic_async._support.secret import MASK, Opaque
from ninepic_async.errors import ConfigError

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_CLIENT_HEADERS: Final = frozenset(
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


class ProxyURL(Opaque[str]):
    """The URL of a proxy. Its repr hides user and password; `reveal` returns the whole URL."""

    __slots__ = ()

    def __init__(self, given: object) -> None:
        super().__init__(given if isinstance(given, str) else "")

    def __repr__(self) -> str:
        credentials, at, place = self.reveal().rpartition("@")
        scheme, mark, _ = credentials.rpartition("://")
        return repr(f"{scheme}{mark}{MASK}@{place}" if at else place)

    def __eq__(self, other: object) -> bool:
        return self.reveal() == (other.reveal() if isinstance(other, ProxyURL) else other)

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __reduce__(self) -> tuple[Any, ...]:
        return ProxyURL, (self.reveal(),)

    def whole(self) -> str:
        """Return the URL with a scheme: ``http`` if the URL has none."""
        url = self.reveal().strip()
        return url if "://" in url else f"http://{url}"

    def problem(self) -> str | None:
        """Return why the URL can't be used; None if it can. The text does not contain the URL."""
        scheme = _scheme_of_proxy(self.whole())
        if scheme in ("http", "https"):
            return None
        if scheme is not None:
            return f"names a {scheme} proxy: only http and https proxies are supported"
        return "is not the URL of a proxy: give one such as http://proxy.example:3128"


def _shown_headers(headers: Mapping[str, str]) -> str:
    return repr(dict.fromkeys(headers, "***"))


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise ConfigError(
            f"HTTPOptions(headers=…) is a {type(headers).__name__}: give a dict of names and values"
        )
    return dict(headers)


@frozen(init=False)
class HTTPOptions:
    """How a client connects: proxy, TLS, extra headers. It applies to API calls and to photo downloads.

    Args:
        proxy: the URL of an HTTP proxy for all requests, with user and password if it needs them. None uses
            the proxy of the environment. Loopback hosts are always reached directly.
        trust_env: whether the client reads ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``,
            ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` when it is created.
        ssl_context: the TLS context of all connections, such as one with a company's own CA.
        headers: extra headers of every request, to 9Pic and to photo hosts. They can't replace the client's
            own headers.
        user_agent: text to put before the client's own ``User-Agent``, such as ``"myapp/1.2"``.
        allow_private_addresses: whether photos may be fetched from addresses that are not public. This is
            always allowed if ``base_url`` is a loopback host.
        allow_plain_http: whether ``base_url`` may be an ``http`` URL of another machine, such as a sandbox in
            a container. The API key is then readable on the network.

    Raises:
        ConfigError: a value is wrong. The message names the value.

    Example:
        >>> options = HTTPOptions(proxy="http://proxy.example:3128", user_agent="myapp/1.2")
        >>> async with NinePic("key", 903, http=options) as client:
        ...     photos = await client.event(456).bib_search("1234").collect()

    Reference: docs.9pic.ai, External API, Authentication.
    """

    proxy: ProxyURL | None = field()
    trust_env: bool = field()
    ssl_context: ssl.SSLContext | None = field()
    headers: Mapping[str, str] = field(repr=_shown_headers, hash=False)
    user_agent: str | None = field()
    allow_private_addresses: bool = field()
    allow_plain_http: bool = field()

    def __init__(
        self,
        *,
        proxy: str | ProxyURL | None = None,
        trust_env: bool = True,
        ssl_context: ssl.SSLContext | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        user_agent: str | None = None,
        allow_private_addresses: bool = False,
        allow_plain_http: bool = False,
    ) -> None:
        # First thing, because tracebacks may show what a function was given.
        proxy = proxy if proxy is None or isinstance(proxy, ProxyURL) else ProxyURL(proxy)
        given = {
            "proxy": proxy,
            "trust_env": trust_env,
            "ssl_context": ssl_context,
            "headers": _headers(headers),
            "user_agent": user_agent,
            "allow_private_addresses": allow_private_addresses,
            "allow_plain_http": allow_plain_http,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
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


def check_proxy(proxy: ProxyURL, where: str) -> None:
    """Check that a proxy's URL can be used.

    Args:
        proxy: the URL.
        where: the setting with the URL, for the error.

    Raises:
        ConfigError: it is not the URL of an HTTP proxy.
    """
    problem = proxy.problem()
    if problem is not None:
        raise ConfigError(f"{where} {problem}")


def _scheme_of_proxy(url: str) -> str | None:
    """Return the scheme of a URL; None if it is not the URL of a host."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        return None
    return parts.scheme if usable else None


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise ConfigError(f"HTTPOptions(headers=…): {name!r} is not a valid header name")
    if name.lower() in _CLIENT_HEADERS:
        hint = ": use user_agent=" if name.lower() == "user-agent" else ": the client sets it itself"
        raise ConfigError(f"HTTPOptions(headers=…) can't replace {name}{hint}")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise ConfigError(f"HTTPOptions(headers=…): the value of {name} must be text on one line")


def _is_product(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and text.isascii() and text.isprintable()
