"""Record what an archive contains, so that one archive never mixes events, renditions or formats."""

from __future__ import annotations

from typing import Any, Final

import orjson

from ninepic_async.errors import DownloadError, InvalidInputError
from ninepic_async.scale.place import Place

NOTE: Final = "_archive.json"


async def check_archive(place: Place, event_id: int, rendition: str, format: str) -> None:  # noqa: A002
    """Check that a place is new or contains the same kind of archive. Record the kind in a new place.

    Raises:
        InvalidInputError: the place contains another event, rendition or format.
        DownloadError: the place can't be read or written.
    """
    wanted = {"event_id": event_id, "rendition": rendition, "format": format}
    content = await place.read(NOTE)
    if content is None:
        await place.write(NOTE, orjson.dumps(wanted) + b"\n")
        return
    found = _parsed(place, content)
    other = [f"{name}={found.get(name)!r}" for name, value in wanted.items() if found.get(name) != value]
    if other:
        raise InvalidInputError(
            f"{place.url} is an archive with {', '.join(other)}: use the same settings, "
            "or another destination"
        )


def _parsed(place: Place, content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise DownloadError(
            f"{NOTE} in {place.url} can't be read as JSON: delete this file, or use another destination"
        )
    return found
