"""Convert models, reports and errors to JSON, and describe models to pydantic."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Set
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, has

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class JSONReady:
    """Base of everything that has a JSON form."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the public attributes as JSON-ready values.

        Dates are ISO 8601 strings, tuples are lists, and nested models are dicts. ``extra`` is included.
        Signed URLs are included too: they are data.

        Example:
            >>> from ninepic_async import TimelineHour
            >>> TimelineHour(hour=7, count=12).to_dict()
            {'hour': 7, 'count': 12, 'extra': {}}
        """
        return {name: json_ready(getattr(self, name)) for name in _public_names(type(self))}

    def to_json(self) -> str:
        """Return the public attributes as a JSON document, in ASCII.

        Example:
            >>> from ninepic_async import TimelineHour
            >>> print(TimelineHour(hour=7, count=12).to_json())
            {"hour": 7, "count": 12, "extra": {}}
        """
        return json.dumps(self.to_dict())

    def __json__(self, *_: object) -> dict[str, Any]:
        """Return what Celery and Pyramid encode."""
        return self.to_dict()


class Record(JSONReady):
    """Base of the attrs classes that users get. pydantic and FastAPI accept them as field types."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        arguments = get_args(source)
        types = field_types(cls, arguments)
        members = {
            name: core_schema.typed_dict_field(handler.generate_schema(kind), required=is_required)
            for name, (kind, is_required) in types.items()
        }
        built = core_schema.no_info_after_validator_function(
            lambda values: cls(**values), core_schema.typed_dict_schema(members, cls=cls)
        )
        return core_schema.json_or_python_schema(
            json_schema=built,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), built]),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
            ref=_reference(get_origin(source) or cls, arguments),
        )


def json_ready(value: object) -> Any:
    """Convert a value for JSON: models become dicts, NaN becomes None, and unknown objects become text."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, JSONReady):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, Set)):
        return [json_ready(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def field_types(cls: type, arguments: tuple[Any, ...] = ()) -> dict[str, tuple[Any, bool]]:
    """Return the type of each public attribute, and whether the constructor requires it.

    Args:
        cls: an attrs class.
        arguments: the types that replace the class's type variables.
    """
    hints = get_type_hints(cls)
    given: dict[TypeVar, Any] = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    return {
        each.name: (_with_arguments(hints[each.name], given), each.default is NOTHING)
        for each in fields(cls)
        if not each.name.startswith("_")
    }


def _with_arguments(hint: Any, given: Mapping[TypeVar, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return given.get(hint, hint)
    wanted = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(each, each) for each in wanted)] if wanted else hint


def _public_names(cls: type) -> list[str]:
    names = [each.name for each in fields(cls)] if has(cls) else []
    return [name for name in names if not name.startswith("_")]


def _reference(cls: type, arguments: tuple[Any, ...]) -> str:
    """Return the name of the schema in pydantic: the class's name with its type arguments."""
    own = f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"
    inner = ",".join(_reference(each, get_args(each)) for each in arguments if isinstance(each, type))
    return f"{own}[{inner}]" if inner else own
