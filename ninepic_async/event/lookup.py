"""Find an event by its slug or name in the list of events."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterable, Sequence
from difflib import SequenceMatcher
from heapq import nlargest
from typing import Final

from ninepic_async.errors import EventNotFoundError
from ninepic_async.models import EventListItem

_SHOWN: Final = 5
_COMPARED_CHARS: Final = 100
"""Longer names are compared by their beginning only: the comparison takes quadratic time."""


async def find_event_id(events: AsyncIterable[EventListItem], wanted: str) -> int:
    """Return the number of the one event with this slug or name, in any case.

    Args:
        events: the organisation's events.
        wanted: a slug or a name. A slug wins over a name that reads the same.

    Raises:
        EventNotFoundError: no event, or several events, have it.
    """
    key = _folded(wanted)
    every = [event async for event in events]
    found = [event for event in every if _folded(event.event_slug) == key]
    found = found or [event for event in every if _folded(event.event_name) == key]
    if len(found) == 1:
        return found[0].event_id
    raise _several(found, wanted) if found else _none(every, wanted)


def _folded(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def _several(found: Sequence[EventListItem], wanted: str) -> EventNotFoundError:
    return EventNotFoundError(
        f"{len(found)} events are called {_quoted(wanted)}: {_listed(found)}; use the event's number",
        nearest=_slugs(found),
    )


def _none(every: Sequence[EventListItem], wanted: str) -> EventNotFoundError:
    if not every:
        return EventNotFoundError(f"no event is called {_quoted(wanted)}: the organisation has no events")
    near = nlargest(_SHOWN, every, key=lambda event: _similarity(event, wanted))
    return EventNotFoundError(
        f"no event is called {_quoted(wanted)}; the nearest are {_listed(near)}", nearest=_slugs(near)
    )


def _similarity(event: EventListItem, wanted: str) -> float:
    compared = SequenceMatcher(b=_folded(wanted)[:_COMPARED_CHARS], autojunk=False)
    best = 0.0
    for text in (event.event_slug, event.event_name):
        compared.set_seq1(_folded(text)[:_COMPARED_CHARS])
        best = max(best, compared.ratio())
    return best


def _listed(events: Sequence[EventListItem]) -> str:
    listed = ", ".join(f"{event.event_id} {_short(event)}" for event in events[:_SHOWN])
    return f"{listed}, …" if len(events) > _SHOWN else listed


def _short(event: EventListItem) -> str:
    return (event.event_slug or event.event_name or "")[:_COMPARED_CHARS]


def _quoted(wanted: str) -> str:
    return repr(wanted if len(wanted) <= _COMPARED_CHARS else wanted[:_COMPARED_CHARS] + "…")


def _slugs(events: Sequence[EventListItem]) -> tuple[str, ...]:
    return tuple(_short(event) for event in events[:_SHOWN])
