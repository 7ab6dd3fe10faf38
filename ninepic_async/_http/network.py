"""A client's connection settings: its `HTTPOptions`, completed from the environment."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Self
from urllib.parse import urlsplit

from attrs import field, frozen

from ninepic_async import __version__
from ninepic_async._http.options import HTTPOptions
from ninepic_async._http.proxies import Proxies
from ninepic_async._support.addresses import is_loopback
from ninepic_async.errors import ConfigError

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@frozen(kw_only=True)
class Network:
    """How one client reaches the API and the photo hosts."""

    proxies: Proxies = field(factory=Proxies)
    tls: ssl.SSLContext | None = None
    """None: aiohttp's own."""
    headers: dict[str, str] = field(factory=lambda: {"User-Agent": user_agent()}, repr=False)
    """Sent with every request, ``User-Agent`` included."""
    allow_private_addresses: bool = False
    options: HTTPOptions = field(factory=HTTPOptions, repr=False)
    """What it was made of."""

    @classmethod
    def of(cls, options: HTTPOptions, base_url: str) -> Self:
        """Return the settings from the options and, if they allow it, from the environment.

        Raises:
            ConfigError: a proxy or a certificate file can't be used, or would see the API key.
        """
        proxies = Proxies.read(options.proxy, options.trust_env)
        if proxies.find(base_url) is not None and base_url.startswith("http:"):
            raise ConfigError(
                "base_url is an http URL, so the proxy would see the API key: use https, or set NO_PROXY or "
                "HTTPOptions(trust_env=False)"
            )
        return cls(
            proxies=proxies,
            tls=_tls(options),
            headers={**options.headers, "User-Agent": user_agent(options.user_agent)},
            allow_private_addresses=options.allow_private_addresses
            or is_loopback(urlsplit(base_url).hostname or ""),
            options=options,
        )


def user_agent(prefix: str | None = None) -> str:
    """Return the ``User-Agent`` for the API and for photo hosts."""
    own = f"ninepic-async/{__version__}"
    return own if prefix is None else f"{prefix.strip()} {own}"


def _tls(options: HTTPOptions) -> ssl.SSLContext | None:
    if options.ssl_context is not None:
        return options.ssl_context
    file, folder = map(os.environ.get, _CERTIFICATES)
    if not file and not folder:
        return None
    if options.trust_env:
        return _context_with(file or None, folder or None)
    built_in = ssl.get_default_verify_paths()
    return _context_with(_existing(built_in.openssl_cafile), _existing(built_in.openssl_capath))


def _existing(path: str) -> str | None:
    return path if os.path.exists(path) else None


def _context_with(file: str | None, folder: str | None) -> ssl.SSLContext:
    if folder is not None and not os.path.isdir(folder):
        raise ConfigError(f"SSL_CERT_DIR={folder!r} is not a folder: set it to one with CA certificates")
    try:
        return _loaded(file, folder, tuple(_version(path) for path in (file, folder) if path is not None))
    except OSError as error:
        raise ConfigError(f"SSL_CERT_FILE={file!r} can't be used: {error}") from error


def _version(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4)
def _loaded(file: str | None, folder: str | None, _: tuple[tuple[int, int], ...]) -> ssl.SSLContext:
    """Load certificates, once while their files stay the same: it takes longer than all else in a client."""
    return ssl.create_default_context(cafile=file, capath=folder)
