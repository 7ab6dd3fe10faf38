"""Conditional and partial replies over bytes that are all there."""

from __future__ import annotations

import re
from email.utils import formatdate
from hashlib import blake2b
from typing import Final

from aiohttp import web

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


def send(request: web.Request, body: bytes, content_type: str, modified: float) -> web.Response:
    """The whole of ``body``, the part that was asked for, or word that it has not changed."""
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    date = formatdate(modified, usegmt=True)
    headers = {"ETag": tag, "Last-Modified": date, "Accept-Ranges": "bytes", "Content-Type": content_type}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    asked = request.headers.get("Range", "")
    if request.headers.get("If-Range", tag) not in (tag, date):
        asked = ""
    part = asked_part(asked, len(body))
    if part is None:
        return web.Response(body=body, headers=headers)
    if not part:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(body)}"
    return web.Response(status=206, body=body[part.start : part.stop], headers=headers)


def asked_part(header: str, size: int) -> range | None:
    """The bytes a ``Range`` header asks for: None for all of them, an empty range for none there are.

    Several ranges at once, and anything that is no byte range, are answered with the whole.
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
