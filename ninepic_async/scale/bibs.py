"""Search an event for each BIB of a start list, and keep which photos were found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from ninepic_async._contract.endpoint import segment
from ninepic_async._support import arguments
from ninepic_async.errors import InvalidInputError, NinePicError, NotFoundError
from ninepic_async.event import Event
from ninepic_async.scale.database import digest, temporary_database

_AT_ONCE: Final = 8
"""Searches at once."""


def check_bibs(bibs: object) -> tuple[str, ...]:
    """Return the BIBs of a start list, each once. Upper and lower case are the same BIB.

    Raises:
        InvalidInputError: it is no list of BIBs, or an empty one.
    """
    if isinstance(bibs, (str, bytes)) or not isinstance(bibs, Iterable):
        raise InvalidInputError(f"bibs={bibs!r}: give a list of BIBs, such as ['1234', 'A/12']")
    found: dict[str, str] = {}
    for bib in bibs:
        text = arguments.text(bib, "bib").strip()
        segment(text, "bib")
        found.setdefault(text.casefold(), text)
    if not found:
        raise InvalidInputError("bibs is empty: give at least one BIB, or None for no search")
    return tuple(found.values())


async def check_search(event: Event, bib: str) -> None:
    """Search for one BIB, so that a search that is off is an error now, and not after hours.

    Raises:
        FeatureDisabledError: BIB search is off for this event.
        NinePicError: the search failed.
    """
    with suppress(NotFoundError):
        await event.bib_search(bib, page_size=1).first_page()


class FoundBibs:
    """Which BIBs find which photo. It is a temporary database: memory does not grow with the event."""

    def __init__(self) -> None:
        self._db = temporary_database(
            "CREATE TABLE found (photo BLOB, place INTEGER, bib TEXT, PRIMARY KEY (photo, place))"
        )

    def close(self) -> None:
        """Delete the database."""
        self._db.close()

    async def search(self, event: Event, bibs: Iterable[str]) -> None:
        """Search for each BIB: one request for each, and one for every 100 photos beyond the first 100.

        Raises:
            NinePicError: a search failed.
        """
        waiting = enumerate(bibs)
        tasks = [asyncio.ensure_future(self._search(event, waiting)) for _ in range(_AT_ONCE)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _search(self, event: Event, waiting: Iterator[tuple[int, str]]) -> None:
        for place, bib in waiting:
            try:
                async for photo in event.bib_search(bib):
                    row = (digest(photo.image_id), place, bib)
                    self._db.execute("INSERT OR IGNORE INTO found VALUES (?, ?, ?)", row)
            except NotFoundError:
                continue  # perhaps the service's word for a BIB without photos
            except NinePicError as error:
                error.add_note(f"It came from the search for BIB {bib!r} of the start list.")
                raise

    def of(self, image_id: str) -> tuple[str, ...]:
        """Return the BIBs that find a photo, in the order of the start list."""
        query = "SELECT bib FROM found WHERE photo = ? ORDER BY place"
        return tuple(bib for (bib,) in self._db.execute(query, (digest(image_id),)))
