"""Recognize the query parameters that belong to a link's signature."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

_SIGNATURE_PREFIXES: Final = ("x-amz-", "x-goog-", "x-oss-", "x-ms-")
_SIGNATURE_NAMES: Final = frozenset(
    {
        *("signature", "sig", "sign", "hmac", "md5", "hash", "token", "policy", "key-pair-id", "verify"),
        *("expires", "exp", "expiry", "expire", "e", "s", "st", "se", "sp", "sv", "sr", "ske", "sks", "skv"),
        *("skt", "skoid", "sktid", "hdnts", "hdnea", "validfrom", "validto", "response-content-disposition"),
        *("awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "q-signature", "q-sign-time", "q-key-time"),
        *("access_token", "__token__", "__gda__", "nonce", "timestamp", "spr"),
    }
)
"""Query parameters, in lower case, that belong to a link's signature. All others identify the photo."""


def is_signature_name(name: str) -> bool:
    """Return whether a query parameter belongs to a link's signature."""
    name = name.casefold()
    return name in _SIGNATURE_NAMES or name.startswith(_SIGNATURE_PREFIXES)


def unsigned(url: str) -> str:
    """Return a link without its signature, but with the parameters that identify the photo."""
    path, _, query = url.partition("?")
    kept = "&".join(p for p in query.split("&") if not is_signature_name(unquote(p.partition("=")[0])))
    return f"{path}?{kept}" if kept else path
