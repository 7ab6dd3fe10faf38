"""Checks of a request before any work is done; each failure has the documented status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.routes import Limits
from ninepic_async.sandbox.state import SandboxState

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


class RefusalError(Exception):
    """Answer the request with an error reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@frozen
class Page:
    """The requested page; ``size`` is clamped to the endpoint's largest."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Return the index of the page's first item."""
        return (self.number - 1) * self.size


def check_key(state: SandboxState, key: str | None) -> None:
    """Refuse a missing key with 401 and a wrong one with 403."""
    if not key:
        raise RefusalError(401, "Missing API key: send it in the X-API-Key header")
    if key != state.api_key:
        raise RefusalError(403, "Invalid or inactive API key")


def check_org(state: SandboxState, org_id: str) -> None:
    """Refuse an organisation that does not own the key with 403."""
    if integer(org_id, "path.org_id") != state.org_id:
        raise RefusalError(403, "This API key does not belong to the organization")


def check_event(state: SandboxState, event_id: str) -> Event:
    """Return the event; refuse one of another organisation with 403."""
    event = state.events.get(integer(event_id, "path.event_id"))
    if event is None:
        raise RefusalError(403, "The event does not belong to this organization")
    return event


def check_features(event: Event, needed: tuple[str, ...]) -> None:
    """Refuse an event without configuration with 404, a disabled feature with 403."""
    if not event.configured:
        raise RefusalError(404, "Event configuration not found")
    missing = event.missing(*needed)
    if missing is not None:
        raise RefusalError(403, f"{missing.replace('_', ' ').capitalize()} is disabled for this event")


def read_page(query: Mapping[str, str], limits: Limits) -> Page:
    """Return the requested page; refuse with 422, naming each value that is not a number from 1."""
    problems = []
    values = {"page": 1, "page_size": limits.default}
    for name in values:
        try:
            values[name] = integer(query.get(name, str(values[name])), f"query.{name}")
        except RefusalError as refusal:
            problems.append(refusal.message)
        else:
            if values[name] < 1:
                problems.append(f"query.{name}: Input should be greater than or equal to 1")
    if problems:
        raise RefusalError(422, "; ".join(problems))
    return Page(values["page"], min(values["page_size"], limits.largest))


def read_span(query: Mapping[str, str]) -> tuple[int, int]:
    """Return the ends of a timeline query in Unix seconds; refuse with 422, naming each bad value."""
    problems = []
    ends = []
    for name in ("from", "to"):
        try:
            if name not in query:
                raise RefusalError(422, f"query.{name}: Field required")
            ends.append(integer(query[name], f"query.{name}"))
        except RefusalError as refusal:
            problems.append(refusal.message)
    if problems:
        raise RefusalError(422, "; ".join(problems))
    return ends[0], ends[1]


def read_request_id(text: str) -> str:
    """Return a ``request_id`` in lower case; refuse anything but a UUID with 400."""
    if not _UUID.fullmatch(text):
        raise RefusalError(400, "request_id is not a valid UUID")
    return text.lower()


def integer(text: str, where: str) -> int:
    """Return a whole number; refuse other text with 422, naming the field."""
    number = int(text) if _INTEGER.fullmatch(text) else None
    if number is None or not -(2**63) <= number < 2**63:
        raise RefusalError(422, f"{where}: Input should be a valid integer")
    return number
