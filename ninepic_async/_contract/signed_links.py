"""What stays the same when a link is signed again."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from ninepic_async import guesses

_SIGNATURE_KEYS: Final = re.compile(
    r"x-(amz|goog)-.*|signature|sig|policy|key-pair-id|(google|aws)access_?(key)?id"  # S3, Google, CloudFront
    r"|s[eiprtv]|sk[a-z]{1,2}|spr"  # Azure
    r"|(access_?)?token|hash|hmac|md5|nonce|timestamp|hdnts|__gda__|__token__|"
    + "|".join(guesses.LINK_EXPIRY_KEYS),
    re.IGNORECASE,
)
"""Query keys that change with each signature."""


def unsigned(url: str) -> str:
    """Return a link without its signature, but with the parts of its query that name the object."""
    path, _, query = url.partition("?")
    kept = "&".join(part for part in query.split("&") if not _is_signature(part))
    return f"{path}?{kept}" if kept else path


def _is_signature(part: str) -> bool:
    return _SIGNATURE_KEYS.fullmatch(unquote(part.partition("=")[0])) is not None
