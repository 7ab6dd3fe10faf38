"""Check settings from arguments and the environment, before anything is sent."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import urlsplit

from ninepic_async._core.retry import RetryPolicy
from ninepic_async._core.throttle import RateLimit
from ninepic_async._http.options import HTTPOptions
from ninepic_async._support.addresses import is_loopback
from ninepic_async._support.arguments import number
from ninepic_async._support.secret import Secret, hidden, hidden_unless_number
from ninepic_async.errors import ConfigError

DEFAULT_BASE_URL: Final = "https://api.9pic.ai"
_URL: Final = re.compile(
    r"[a-z]+://(\[[0-9a-f:.]+\]|[\w.-]+)(:\d+)?(/[\w.~!$&'()*+,;=:@%/-]*)?", re.ASCII | re.IGNORECASE
)
"""Matches URLs that all URL parsers read in the same way. Request paths are appended to the base URL."""


def credentials(api_key: object, org_id: object) -> tuple[Secret, int]:
    """Return the API key and the organisation, from the arguments or the environment.

    Args:
        api_key: the key in a `Secret`, or None for ``NINEPIC_API_KEY``.
        org_id: the number, or None for ``NINEPIC_ORG_ID``.

    Raises:
        ConfigError: one of them is missing or malformed. The message does not show its value.
    """
    key = hidden(os.environ.get("NINEPIC_API_KEY", "")) if api_key is None else api_key
    org = hidden_unless_number(os.environ.get("NINEPIC_ORG_ID", "")) if org_id is None else org_id
    missing = []
    if isinstance(key, Secret) and not key.reveal():
        missing.append("api_key (or the environment variable NINEPIC_API_KEY)")
    if org == "":
        missing.append("org_id (or the environment variable NINEPIC_ORG_ID)")
    if missing:
        raise ConfigError(f"NinePic needs {' and '.join(missing)}")
    if not isinstance(key, Secret) or not _is_key(key):
        raise ConfigError("api_key must be printable ASCII text without spaces. Does it have a line break?")
    return key, number(org, "org_id", ConfigError)


def _is_key(key: Secret) -> bool:
    return key.reveal().isascii() and key.reveal().isprintable() and " " not in key.reveal()


def base_url(given: str | None, allow_plain_http: bool = False) -> str:
    """Return the base URL: the argument, ``NINEPIC_BASE_URL``, or 9Pic's own.

    Raises:
        ConfigError: it is not an ``https`` URL. Plain ``http`` is for loopback hosts, unless allowed.
    """
    url = given or os.environ.get("NINEPIC_BASE_URL") or DEFAULT_BASE_URL
    if not isinstance(url, str) or not _URL.fullmatch(url := url.strip()):
        raise ConfigError(
            "base_url must be a URL in ASCII with a scheme, a host and perhaps a path, such as "
            "https://api.9pic.ai"
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host.encode("idna")
        if parts.port == 0:
            raise ValueError("port 0 can't be connected to")
    except ValueError as error:
        raise ConfigError(f"base_url is not a valid URL: {error}") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and (allow_plain_http or is_loopback(host))):
        raise ConfigError(
            f"base_url {parts.scheme}://{host} would send the API key unencrypted: use https "
            "(http is allowed for loopback hosts, or with HTTPOptions(allow_plain_http=True))"
        )
    return url.rstrip("/")


def check_options(
    retry: object, rate_limit: object = None, session: object = None, http: object = None
) -> None:
    """Check the types of options, for example that ``retry`` is a `RetryPolicy` and not a number.

    Raises:
        ConfigError: an option has the wrong type.
    """
    if not isinstance(retry, RetryPolicy):
        raise ConfigError(f"retry={retry!r}: give a RetryPolicy, such as RetryPolicy(attempts=3)")
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise ConfigError(f"rate_limit={rate_limit!r}: give a RateLimit, such as RateLimit(10)")
    if session is not None and not hasattr(session, "closed"):
        raise ConfigError(f"session is a {type(session).__name__}: give an aiohttp.ClientSession")
    if http is not None and not isinstance(http, HTTPOptions):
        raise ConfigError(
            f"http is a {type(http).__name__}: give an HTTPOptions, such as HTTPOptions(proxy=…)"
        )
