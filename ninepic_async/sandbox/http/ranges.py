"""Conditional and partial replies for bytes in memory."""

from __future__ import annotations

import re
from email.utils import formatdate
from hashlib import blake2b
from typing import Final

from aiohttp import web

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


def send(request: web.Request, body: bytes, content_type: str, modified: float) -> web.Response:
    """Return all of ``body`` (200), the requested part (206), or 304 if it is unchanged."""
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    date = formatdate(modified, usegmt=True)
    headers = {"ETag": tag, "Last-Modified": date, "Accept-Ranges": "bytes", "Content-Type": content_type}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", tag) not in (tag, date):
        wanted = ""
    part = requested_part(wanted, len(body))
    if part is None:
        return web.Response(body=body, headers=headers)
    if not part:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(body)}"
    return web.Response(status=206, body=body[part.start : part.stop], headers=headers)


def requested_part(header: str, size: int) -> range | None:
    """Return the bytes that a ``Range`` header requests: None for all, an empty range if out of bounds.

    Several ranges, and ranges in other units than bytes, return None.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size) if int(last) else range(0)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1 if last else size, size))
