"""The base class of all parts of an event's handle."""

from __future__ import annotations

from ninepic_async._core.engine import Engine


class EventHandle:
    """Base of an event's handle: the event's number, and the engine that runs its calls."""

    def __init__(self, engine: Engine, event_id: int) -> None:
        self._engine = engine
        self._event_id = event_id

    def __repr__(self) -> str:
        return f"Event(event_id={self._event_id})"

    @property
    def event_id(self) -> int:
        """The event's number."""
        return self._event_id
