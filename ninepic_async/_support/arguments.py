"""Checks on what people pass to a call, made before anything is sent."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeGuard, TypeVar

from ninepic_async.errors import ConfigError, InvalidInputError

V = TypeVar("V")

_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def number(value: int | str, what: str, error: type[ConfigError] = InvalidInputError) -> int:
    """Take an organisation's or event's number, also as a string of digits."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if type(value) is not int or value < 1:
        raise error(f"{what}={value!r}: 9Pic's {what} is a positive whole number")
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Tell a number from what is none, or a number to Python only (``True``)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def seconds(value: float, what: str, error: type[ConfigError] = InvalidInputError) -> float:
    """Take a bound in seconds."""
    if not is_number(value) or not 0 < value < math.inf:
        raise error(f"{what}={value!r}: give a positive number of seconds; every wait has a bound")
    return float(value)


def limit(value: int | None) -> int | None:
    """Take a number of items to stop at."""
    if value is not None and (type(value) is not int or value < 0):
        raise InvalidInputError(f"limit={value!r}: give a whole number from 0, or None for all")
    return value


def page_size(value: int | None) -> int | None:
    """Take a page size; how large it may be is the server's to say, which clamps it and tells."""
    if value is not None and (type(value) is not int or value < 1):
        raise InvalidInputError(f"page_size={value!r}: give a whole number from 1, or None for the largest")
    return value


def text(value: object, what: str) -> str:
    """Take a BIB or an id; a BIB may also be a number."""
    if type(value) is int and what == "bib":
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{what}={value!r}: give text that is not empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"{what}={value!r} is not valid text") from error
    return value


def image_ids(values: Iterable[str]) -> tuple[str, ...]:
    """Take a list of image ids."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidInputError(f"image_ids={values!r}: give a list of ids, or use image_id=")
    ids = tuple(text(value, "image_ids") for value in values)
    if not ids:
        raise InvalidInputError("image_ids is empty: give at least one id")
    return ids


def exactly_one(given: Mapping[str, V | None]) -> tuple[str, V]:
    """Take the one argument, of several that exclude each other, that was passed."""
    chosen = [(name, value) for name, value in given.items() if value is not None]
    if len(chosen) != 1:
        passed = " and ".join(f"{name}=" for name, _ in chosen) or "none"
        raise InvalidInputError(f"give one of {', '.join(f'{name}=' for name in given)}; you gave {passed}")
    return chosen[0]


def unix_seconds(moment: datetime, what: str) -> int:
    """Take a moment, rounded up: photos have whole seconds, and the range is half-open."""
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidInputError(
            f"{what}={moment!r}: give a datetime with a time zone, such as datetime(…, tzinfo=timezone.utc)"
        )
    return math.ceil(moment.timestamp())


def folder(value: object, what: str) -> str:
    """Take the path of a folder."""
    try:
        path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else ""
        if isinstance(path, str) and path and b"\0" not in os.fsencode(path):
            return path
    except UnicodeEncodeError:
        pass
    raise InvalidInputError(f"{what}={value!r}: give the path of a folder")
