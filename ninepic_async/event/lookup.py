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
"""Only the first characters of longer names are compared, because the comparison takes quadratic time."""


async def find_event_id(events: AsyncIterable[EventListItem], wanted: str) -> int:
    """Return the number of the only event with this slug or name, in upper or lower case.

    Args:
        events: the organisation's events.
        wanted: a slug or a name. An equal slug wins over an equal name.

    Raises:
        EventNotFoundError: no event, or several events, have it.
    """
    key = _folded(wanted)
    all_events = [event async for event in events]
    matches = [event for event in all_events if _folded(event.event_slug) == key]
    matches = matches or [event for event in all_events if _folded(event.event_name) == key]
    if len(matches) == 1:
        return matches[0].event_id
    raise _several_match(matches, wanted) if matches else _none_matches(all_events, wanted)


def _folded(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def _several_match(matches: Sequence[EventListItem], wanted: str) -> EventNotFoundError:
    return EventNotFoundError(
        f"{len(matches)} events are called {_quoted(wanted)}: {_listed(matches)}; use the event's number",
        nearest=_slugs(matches),
    )


def _none_matches(events: Sequence[EventListItem], wanted: str) -> EventNotFoundError:
    if not events:
        return EventNotFoundError(f"no event is called {_quoted(wanted)}: the organisation has no events")
    near = nlargest(_SHOWN, events, key=lambda event: _similarity(event, wanted))
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
