"""Check the arguments of calls before anything is sent."""

from __future__ import annotations

import math
import os
import re
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence, Sized
from datetime import datetime
from typing import Final, TypeGuard, TypeVar

from ninepic_async._support.secret import hidden_unless_number
from ninepic_async.errors import ConfigError, InvalidInputError

V = TypeVar("V")

_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def number(value: object, what: str, error: type[ConfigError] = InvalidInputError) -> int:
    """Return an organisation's or event's number as an int. A string of digits is accepted too."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, int) and type(value) is int and value >= 1:
        return value
    shown = repr(hidden_unless_number(value))
    hint = "; find_event() takes a slug or a name" if what == "event_id" and isinstance(value, str) else ""
    raise error(f"{what}={shown}: 9Pic's {what} is a positive whole number{hint}")


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is an int or a float. A bool is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def seconds(value: float, what: str, error: type[ConfigError] = InvalidInputError) -> float:
    """Check a duration in seconds, and return it as a float."""
    if not is_number(value) or not 0 < value < math.inf:
        raise error(f"{what}={value!r}: give a positive, finite number of seconds")
    return float(value)


def limit(value: int | None) -> int | None:
    """Check the argument ``limit``: the largest number of items to return."""
    if value is not None and (type(value) is not int or value < 0):
        raise InvalidInputError(f"limit={value!r}: give a whole number from 0, or None for all")
    return value


def page_size(value: int | None) -> int | None:
    """Check a page size. The server clamps sizes that are too large."""
    if value is not None and (type(value) is not int or value < 1):
        raise InvalidInputError(f"page_size={value!r}: give a whole number from 1, or None for the maximum")
    return value


def text(value: object, what: str) -> str:
    """Check a BIB or an id. A BIB may also be a number."""
    if type(value) is int and what == "bib":
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{what}={value!r}: give non-empty text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"{what}={value!r} is not valid text: it can't be encoded as UTF-8"
        ) from error
    return value


def items(values: object, what: str) -> Iterable[object] | AsyncIterable[object]:
    """Check the argument ``image_ids`` or ``photos``, and return it unchanged.

    An empty list is an error. A generator may be empty: this is not known before it is read. The ids of a
    list are checked now, other items when they are read.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, (Iterable, AsyncIterable)):
        hint = "a list of ids, or use image_id=" if what == "image_ids" else "a list of ImageItem, or a Pager"
        raise InvalidInputError(f"{what}={values!r}: give {hint}")
    if isinstance(values, Sized) and not len(values):
        raise InvalidInputError(f"{what} is empty: give at least one")
    if what == "image_ids" and isinstance(values, Sequence):
        for value in values:
            text(value, what)
    return values


def exactly_one(given: Mapping[str, V | None]) -> tuple[str, V]:
    """Return the name and value of the only argument that is not None; raise if there are none or several."""
    chosen = [(name, value) for name, value in given.items() if value is not None]
    if len(chosen) != 1:
        passed = " and ".join(f"{name}=" for name, _ in chosen) or "none"
        raise InvalidInputError(f"give one of {', '.join(f'{name}=' for name in given)}; you gave {passed}")
    return chosen[0]


def keywords_only(positional: Sequence[object], method: str, *names: str) -> None:
    """Raise if an argument was passed by position. The message does not show it: it may be a selfie."""
    if positional:
        forms = " or ".join(f"{method}({name}=…)" for name in names)
        raise InvalidInputError(f"{method} takes named arguments only: {forms}")


def unix_seconds(moment: datetime, what: str) -> int:
    """Return a datetime as Unix seconds, rounded up.

    Photos have whole seconds, so rounding up keeps a half-open range exact.
    """
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidInputError(
            f"{what}={moment!r}: give a datetime with a time zone, such as datetime(…, tzinfo=timezone.utc)"
        )
    return math.ceil(moment.timestamp())


def folder(value: object, what: str) -> str:
    """Check the path of a folder."""
    try:
        path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else ""
        if isinstance(path, str) and path and b"\0" not in os.fsencode(path):
            return path
    except UnicodeEncodeError:
        pass
    raise InvalidInputError(f"{what}={value!r}: give the path of a folder")
