"""A selfie search from the command line, which tells at once what it can be picked up by."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ninepic_async import Event, FaceSearch
from ninepic_async.cli.errors import Interrupted
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.terminal import tell


async def search_face(event: Event, selfie: Path) -> FaceSearch:
    """Upload a selfie, and tell the ``request_id`` as soon as it is known.

    Raises:
        Interrupted: Ctrl-C while the upload was under way.
        NinePicError: whatever else goes wrong.
    """
    try:
        with waiting("Searching"):
            search = await event.face_search(selfie)
    except asyncio.CancelledError:
        # Only Ctrl-C cancels here, and this is what it would have raised without a loop.
        raise Interrupted(
            "interrupted while the selfie was sent; a new search may be charged again"
        ) from None
    tell_request_id(search.request_id)
    return search


def tell_request_id(request_id: str) -> None:
    """Say by what a search can be had again."""
    tell(f"request_id: {request_id} (--request-id in place of the selfie: no upload, no charge)")
