"""Search an event for each BIB of a start list, and store which photos each BIB finds."""

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

_CONCURRENT_SEARCHES: Final = 8
"""How many searches run at the same time."""


def check_bibs(bibs: object) -> tuple[str, ...]:
    """Return the BIBs of a start list without duplicates. Case is ignored in the comparison.

    Raises:
        InvalidInputError: ``bibs`` is not a list of BIBs, or the list is empty.
    """
    if isinstance(bibs, (str, bytes)) or not isinstance(bibs, Iterable):
        raise InvalidInputError(f"bibs={bibs!r}: give a list of BIBs, such as ['1234', 'A/12']")
    found: dict[str, str] = {}
    for bib in bibs:
        text = arguments.text(bib, "bib").strip()
        segment(text, "bib")
        found.setdefault(text.casefold(), text)
    if not found:
        raise InvalidInputError("bibs is empty: give at least one BIB, or None to search for none")
    return tuple(found.values())


async def check_search(event: Event, bib: str) -> None:
    """Search for one BIB, to raise early if BIB search is off for the event.

    Raises:
        FeatureDisabledError: BIB search is off for this event.
        NinePicError: the search failed.
    """
    with suppress(NotFoundError):
        await event.bib_search(bib, page_size=1).first_page()


class FoundBibs:
    """The BIBs that find each photo, in a temporary database. Memory use does not grow with the event."""

    def __init__(self) -> None:
        self._db = temporary_database(
            "CREATE TABLE found (photo BLOB, position INTEGER, bib TEXT, PRIMARY KEY (photo, position))"
        )

    def close(self) -> None:
        """Delete the database."""
        self._db.close()

    async def search(self, event: Event, bibs: Iterable[str]) -> None:
        """Search for each BIB: one request a BIB, plus one for every 100 photos after the first 100.

        Raises:
            NinePicError: a search failed.
        """
        queue = enumerate(bibs)
        tasks = [asyncio.ensure_future(self._search(event, queue)) for _ in range(_CONCURRENT_SEARCHES)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _search(self, event: Event, queue: Iterator[tuple[int, str]]) -> None:
        for index, bib in queue:
            try:
                async for photo in event.bib_search(bib):
                    row = (digest(photo.image_id), index, bib)
                    self._db.execute("INSERT OR IGNORE INTO found VALUES (?, ?, ?)", row)
            except NotFoundError:
                continue  # the service may answer 404 for a BIB without photos
            except NinePicError as error:
                error.add_note(f"This error came from the search for BIB {bib!r} of the start list.")
                raise

    def of(self, image_id: str) -> tuple[str, ...]:
        """Return the BIBs that find a photo, in the order of the start list."""
        query = "SELECT bib FROM found WHERE photo = ? ORDER BY position"
        return tuple(bib for (bib,) in self._db.execute(query, (digest(image_id),)))
