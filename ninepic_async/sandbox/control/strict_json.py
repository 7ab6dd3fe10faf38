"""Read posted JSON into attrs classes; refuse unknown fields and wrong types."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar, get_origin

import orjson
from attrs import frozen
from cattrs import BaseValidationError, Converter, cols, transform_error
from cattrs.errors import ForbiddenExtraKeysError

T = TypeVar("T")
StructureHook = Callable[[Any, Any], Any]
HookFactory = Callable[[Any, Any], StructureHook]
_NAMES: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    dict: "an object",
    list: "a list",
}


@frozen
class Problem:
    """One problem and its field; the field is empty for the whole body."""

    field: str
    problem: str


class BadJsonError(ValueError):
    """A body is malformed; ``problems`` lists each field and what is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{each.field or 'body'}: {each.problem}" for each in problems))
        self.problems = problems


def parse(body: bytes) -> object:
    """Return the JSON in a body.

    Raises:
        BadJsonError: The body is not JSON.
    """
    try:
        parsed: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadJsonError(Problem("", f"should be JSON ({error})")) from None
    return parsed


def read(kind: type[T], value: object, where: str = "") -> T:
    """Return an instance of an attrs class from a JSON object with its fields.

    Args:
        kind: The class.
        value: The parsed body.
        where: Prefix of the field names in problems.

    Raises:
        BadJsonError: A field is unknown, missing or of the wrong type; each one is named.
    """
    if not isinstance(value, dict):
        raise BadJsonError(Problem(where, _should_be(dict, value)))
    try:
        return _converter().structure(value, kind)
    except BaseValidationError as error:
        lines = transform_error(error, path="", format_exception=_sentence)
        raise BadJsonError(*(_problem(line, where) for line in lines)) from None


def _problem(line: str, where: str) -> Problem:
    """Return a problem from cattrs' line ``sentence @ .path[0]``."""
    sentence, _, path = line.rpartition(" @ ")
    inner = re.sub(r"\['?([^]']*)'?\]", r".\1", path)
    unknown = sentence.partition("\x1f")[2]
    return Problem(
        ".".join(part for part in (where, inner.strip("."), unknown) if part), sentence.partition("\x1f")[0]
    )


def _sentence(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "is missing"
    if isinstance(error, ForbiddenExtraKeysError):
        return "is not a known field\x1f" + ", ".join(sorted(error.extra_fields))
    return str(error)


def _exactly(*kinds: type) -> Callable[[object, type], object]:
    def check(value: object, _: object) -> object:
        if type(value) not in kinds:
            raise TypeError(_should_be(kinds[0], value))
        return value

    return check


def _made_of(kind: type, factory: HookFactory) -> HookFactory:
    """Return a hook factory for cattrs. Its hooks accept only a JSON list or object, not other iterables."""

    def make(wanted: Any, converter: Any) -> StructureHook:
        structure = factory(wanted, converter)

        def check(value: object, _: object) -> object:
            if type(value) is not kind:
                raise TypeError(_should_be(kind, value))
            return structure(value, wanted)

        return check

    return make


def _is_tuple(wanted: Any) -> bool:
    return get_origin(wanted) is tuple


def _should_be(kind: type, value: object) -> str:
    return f"should be {_NAMES[kind]}, not {orjson.dumps(value).decode()[:60]}"


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _exactly(float, int))
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    for wanted, is_wanted, factory in (
        (list, cols.is_sequence, cols.list_structure_factory),
        (list, _is_tuple, cols.homogenous_tuple_structure_factory),
        (dict, cols.is_mapping, cols.mapping_structure_factory),
    ):
        converter.register_structure_hook_factory(is_wanted, _made_of(wanted, factory))
    return converter
