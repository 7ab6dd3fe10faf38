"""Repair harmless mismatches in a payload, and report the first one that is not harmless.

Ids, URLs and flags must match exactly. A field that is only shown becomes None if its value can't be used,
and its name is collected for a warning.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs

from ninepic_async import guesses
from ninepic_async._contract.body import DamagedText
from ninepic_async._contract.paging import WirePagination
from ninepic_async._contract.wire_names import NOT_ON_THE_WIRE, in_current_spelling, keys_of
from ninepic_async.models import Clip

_IDENTITY: Final = frozenset({"event_id", "org_id"})
"""Fields whose JSON must be a whole number: ``456.0`` is not an event's number."""
_TEXTS: Final = frozenset({"error"})
"""Texts that are only shown. They become empty if they are missing or can't be used."""
_EXPECTED: Final = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    float: "a number",
    datetime: "an ISO 8601 date and time",
    date: "a date as YYYY-MM-DD",
}


class MismatchError(Exception):
    """A value does not fit its type.

    Attributes:
        expected: what should be there.
        received: what is there.
        path: the value's path below the payload, such as ``.images[3].height``.
    """

    def __init__(self, expected: str, received: object, path: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.received = received
        self.path = path


class Repair:
    """Repairs one payload.

    Args:
        oddities: collects the fields that became None, as ``Model.field``.
    """

    def __init__(self, oddities: set[str]) -> None:
        self._oddities = oddities

    def repaired(self, value: Any, kind: Any, path: str = "") -> Any:
        """Return a value that fits a type, repaired if necessary.

        Raises:
            MismatchError: it can't be repaired.
        """
        if attrs.has(get_origin(kind) or kind):
            return self._model(value, kind, path)
        if get_origin(kind) is tuple:
            return self._items(value, get_args(kind)[0], path)
        return self._leaf(value, kind, path)

    def _model(self, value: Any, model: Any, path: str) -> dict[str, Any]:
        if model is Clip and isinstance(value, str):
            value = {guesses.CLIP_URL_KEYS[0]: value}
        if not isinstance(value, dict):
            raise MismatchError("an object", value, path)
        names = [field for field in attrs.fields(model) if field.name not in NOT_ON_THE_WIRE]
        current = in_current_spelling(value, [keys_of(model, field.name) for field in names])
        kinds = _types_of(model)
        found = dict(current["extra"])
        for field in names:
            key = keys_of(model, field.name)[0]
            if current.get(key) is None and field.default is not attrs.NOTHING:
                continue  # null is the same as missing
            value = current.get(key, "" if field.name in _TEXTS else attrs.NOTHING)
            if value is attrs.NOTHING:
                raise MismatchError("a value", value, f"{path}.{key}")
            found[key] = self._field(value, model, field.name, kinds[field.name], f"{path}.{key}")
        return found

    def _field(self, value: Any, model: Any, name: str, kind: Any, path: str) -> Any:
        optional = NoneType in get_args(kind)
        if optional and value is None:
            return None
        if optional:
            (kind,) = (arm for arm in get_args(kind) if arm is not NoneType)
        if name in _IDENTITY and type(value) is not int:
            raise MismatchError(_EXPECTED[int], value, path)
        is_shown_only = optional and model is not WirePagination
        if is_shown_only and kind is str and isinstance(value, DamagedText):
            return str(value)
        try:
            return self.repaired(value, kind, path)
        except MismatchError:
            if not is_shown_only and name not in _TEXTS:
                raise
        self._oddities.add(f"{model.__name__}.{name}")
        return "" if name in _TEXTS else None

    def _items(self, value: Any, kind: Any, path: str) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise MismatchError("a list", value, path)
        return [self.repaired(item, kind, f"{path}[{place}]") for place, item in enumerate(value)]

    def _leaf(self, value: Any, kind: Any, path: str) -> Any:
        if type(value) is kind or kind not in _EXPECTED:
            return value
        if kind is int and type(value) is float and value.is_integer():
            return int(value)
        if kind is float and type(value) is int:
            return value
        if kind in (date, datetime) and _is_iso(value, kind):
            return value
        raise MismatchError(_EXPECTED[kind], value, path)


@cache
def _types_of(model: Any) -> dict[str, Any]:
    return get_type_hints(model)


def _is_iso(value: Any, kind: type[date]) -> bool:
    try:
        kind.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True
