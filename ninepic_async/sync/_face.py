"""What the blocking classes share: the object of the async class, and the portal to its event loop."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from attrs import fields

from ninepic_async import client
from ninepic_async.errors import ConfigError
from ninepic_async.pagination import FoundFaces
from ninepic_async.sync._portal import Portal

A = TypeVar("A")


class Face(Generic[A]):
    """The blocking face of an object. Two are equal if their objects are.

    Args:
        portal: the way into the event loop of the client.
        counterpart: the object that does the work there.
    """

    def __init__(self, portal: Portal, counterpart: A) -> None:
        self._portal = portal
        self._async = counterpart

    def __repr__(self) -> str:
        return repr(self._async) if hasattr(self, "_async") else object.__repr__(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Face) and type(self) is type(other) and bool(self._async == other._async)

    def __hash__(self) -> int:
        return hash(self._async)

    @property
    def _any(self) -> Any:
        """The object, for overloaded methods: a type checker can't follow arguments that are passed on."""
        return self._async


class ClientFace(Face[client.NinePic]):
    """The lifecycle of a blocking client: it owns the portal, and its views only use it."""

    def __init__(self, counterpart: client.NinePic) -> None:
        super().__init__(Portal(counterpart.aclose), counterpart)
        self._is_view = False

    def __reduce__(self) -> str:
        raise ConfigError("a client can't be pickled or copied: share it, or make a NinePic there")

    def _view(self, counterpart: client.NinePic) -> Self:
        view = type(self).__new__(type(self))
        vars(view).update(vars(self), _async=counterpart, _is_view=True)
        return view

    def _close(self) -> None:
        if not self._is_view:
            self._portal.close()


def found(search: FoundFaces) -> dict[str, Any]:
    """Return what a selfie search found, as arguments for another one."""
    return {each.name: getattr(search, each.name) for each in fields(FoundFaces)}
