"""Identify a photo by a key that stays the same when its link is signed again. No I/O."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from ninepic_async._contract.endpoint import Listing
from ninepic_async._contract.signed_links import is_signature_name
from ninepic_async.download.names import split, stem

_URL: Final = re.compile(r"[^:/?#]+://[^/?#]*([^?#]*)(?:\?([^#]*))?")
_UUID: Final = re.compile(r"[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}", re.IGNORECASE)
_UNIQUE_STEM: Final = re.compile(rf"{_UUID.pattern}|(?=.*[0-9])(?=.*[a-z])[0-9a-z]{{20,}}", re.IGNORECASE)
"""Matches the stem of a file name that can only be an id."""
_NAMED: Final = re.compile(r"[a-z_-]*(?:exp|expires|expiry|hmac|sig|sign|signature|token|hash|md5)[=~:_-].*")
_MOMENT: Final = re.compile(r"[0-9]{9,13}|[0-9]{8}T[0-9]{6}Z")
_TOKEN: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[0-9A-Za-z_+=.,%~-]{16,}")
_GENERIC_STEM: Final = re.compile(
    r"(original|photo|image|img|picture|file|download|large|full)s?|[a-z_]{2,5}[-_]?[0-9]{3,}", re.IGNORECASE
)
"""Matches names that cameras and servers give to many photos."""


def photo_key(kind: str, *parts: str) -> str:
    """Return a photo's key in the journal: a short hash that reveals nothing about its parts."""
    return blake2b("\0".join((kind, *parts)).encode("utf-8", "replace"), digest_size=12).hexdigest()


def original_key(filename: str, url: str) -> str:
    """Return the key of a link to an original.

    9Pic names an original after its ``image_id``, and an id is enough for the key. If the name is not an id,
    the key also depends on the link's path and query, without the parts that look like a signature.
    """
    name = stem(filename)
    if _UNIQUE_STEM.fullmatch(name):
        return original_key_of_id(name)
    return photo_key("original", filename, *_stable_parts(url, generic=bool(_GENERIC_STEM.fullmatch(name))))


def original_key_of_id(image_id: str) -> str:
    """Return the key of the original with this id."""
    return photo_key("original", image_id)


def exact_key(filename: str, url: str) -> str:
    """Return the key of an original that has the same `original_key` as another one."""
    pairs = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    named = [f"{name}={value}" for name, value in pairs if not is_signature_name(name)]
    return photo_key("original", filename, url_path(url), *named)


def url_path(url: str) -> str:
    """Return a link's path."""
    match = _URL.match(url)
    return "" if match is None else match[1]


def extension_of(url: str, fallback: str) -> str:
    """Return the extension at the end of a link's path."""
    return split(unquote(url_path(url)).rpartition("/")[2])[1] or fallback


def _stable_parts(url: str, *, generic: bool) -> list[str]:
    match = _URL.match(url)
    if match is None:
        return [url]
    path, query = match[1], match[2] or ""
    pairs = parse_qsl(query, keep_blank_values=True)
    stable = [f"{name}={value}" for name, value in pairs if not _is_signature(name, value)]
    segments = path.split("/")
    # If the query has a signature, the path has none.
    if len(stable) == len(pairs) and not (generic and not _is_dated(segments)):
        segments = [segment for segment in segments if not _is_token(segment)]
    return ["/".join(segments), *stable]


def _is_signature(name: str, value: str) -> bool:
    return is_signature_name(name) or _is_token(value)


def _is_dated(segments: list[str]) -> bool:
    return any(_MOMENT.fullmatch(segment) or _NAMED.fullmatch(segment) for segment in segments)


def _is_token(text: str) -> bool:
    if _UUID.fullmatch(text) or split(text)[1]:
        return False
    return any(pattern.fullmatch(text) for pattern in (_MOMENT, _NAMED, _TOKEN))


def list_name(listing: Listing[Any]) -> str:
    """Return a name for a list. Positions of photos can be compared if their lists have the same name."""
    arguments = [
        getattr(listing, name, None) for name in ("bib", "request_id", "method", "identifier", "start_s")
    ]
    if not any(arguments):
        return listing.name
    return f"{listing.name}:{photo_key(listing.name, *map(str, arguments))[:8]}"
