"""The base classes of the blocking classes: they hold an async object, and the portal to its event loop."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from attrs import fields

from ninepic_async import client
from ninepic_async.errors import ConfigError
from ninepic_async.pagination import FoundFaces
from ninepic_async.sync._portal import Portal

A = TypeVar("A")


class Face(Generic[A]):
    """Base of the blocking classes. Two objects are equal if their async objects are equal.

    Args:
        portal: the portal to the client's event loop.
        counterpart: the async object, which does the work in that loop.
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
        """The async object as `Any`: type checkers can't check arguments that are passed to overloads."""
        return self._async


class ClientFace(Face[client.NinePic]):
    """The lifecycle of a blocking client. The client owns the portal; its views only use it."""

    def __init__(self, counterpart: client.NinePic) -> None:
        super().__init__(Portal(counterpart.aclose), counterpart)
        self._is_view = False

    def __reduce__(self) -> str:
        raise ConfigError("a client can't be pickled or copied: share it, or make a new NinePic")

    def _view(self, counterpart: client.NinePic) -> Self:
        view = type(self).__new__(type(self))
        vars(view).update(vars(self), _async=counterpart, _is_view=True)
        return view

    def _close(self) -> None:
        if not self._is_view:
            self._portal.close()


def fields_of(search: FoundFaces) -> dict[str, Any]:
    """Return the fields of a selfie search, as arguments for a new one."""
    return {each.name: getattr(search, each.name) for each in fields(FoundFaces)}
