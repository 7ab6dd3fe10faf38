"""Check a request before any work is done. Each refusal has the documented status."""

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
    """The request is refused; the reply has this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@frozen
class Page:
    """The requested page; ``size`` is at most the largest that the endpoint allows."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Return the index of the page's first item."""
        return (self.number - 1) * self.size


def check_key(state: SandboxState, key: str | None) -> None:
    """Check the API key: 401 if it is missing, 403 if it is wrong."""
    if not key:
        raise RefusalError(401, "Missing API key: send it in the X-API-Key header")
    if key != state.api_key:
        raise RefusalError(403, "Invalid or inactive API key")


def check_org(state: SandboxState, org_id: str) -> None:
    """Check the organisation: 403 if it does not own the key."""
    if integer(org_id, "path.org_id") != state.org_id:
        raise RefusalError(403, "This API key does not belong to the organization")


def check_event(state: SandboxState, event_id: str) -> Event:
    """Return the event; 403 if it does not belong to the organisation."""
    event = state.events.get(integer(event_id, "path.event_id"))
    if event is None:
        raise RefusalError(403, "The event does not belong to this organization")
    return event


def check_features(event: Event, needed: tuple[str, ...]) -> None:
    """Check the event: 404 if it has no configuration, 403 if a needed feature is disabled."""
    if not event.configured:
        raise RefusalError(404, "Event configuration not found")
    missing = event.missing(*needed)
    if missing is not None:
        raise RefusalError(403, f"{missing.replace('_', ' ').capitalize()} is disabled for this event")


def read_page(query: Mapping[str, str], limits: Limits) -> Page:
    """Return the requested page; 422 names each value that is not a whole number of at least 1."""
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
    """Return start and end of a timeline query in Unix seconds; 422 names each bad value."""
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
    """Return a ``request_id`` in lower case; 400 if it is not a UUID."""
    if not _UUID.fullmatch(text):
        raise RefusalError(400, "request_id is not a valid UUID")
    return text.lower()


def integer(text: str, where: str) -> int:
    """Return the text as a whole number; 422 names the field if it is not one."""
    number = int(text) if _INTEGER.fullmatch(text) else None
    if number is None or not -(2**63) <= number < 2**63:
        raise RefusalError(422, f"{where}: Input should be a valid integer")
    return number
