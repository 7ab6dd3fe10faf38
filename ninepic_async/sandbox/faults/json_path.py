"""Changing a JSON document at a path such as ``$.data.images[3].height``."""

from __future__ import annotations

import re
from typing import Any, Final

Steps = tuple[str | int, ...]
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d{1,9})\]")
_PATH: Final = re.compile(rf"\$(?:{_STEP.pattern})*")


def parse(path: str) -> Steps:
    """The keys and places on the way to a value; `ValueError` for anything else than a path."""
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no JSON path; write it as in $.data.images[3].height")
    return tuple(key or int(place) for key, place in _STEP.findall(path))


def replaced(document: Any, path: str, value: object) -> Any:
    """The document with another value at the path, where there may be none yet in an object.

    Raises:
        LookupError: The document has no such place.
    """
    steps = parse(path)
    if not steps:
        return value
    owner = _owner(document, path, steps)
    if isinstance(steps[-1], int):
        _inside(owner, path, steps[-1])
    owner[steps[-1]] = value
    return document


def without(document: Any, path: str) -> Any:
    """The document without what is at the path.

    Raises:
        LookupError: There is nothing, or it is the whole.
    """
    steps = parse(path)
    owner = _owner(document, path, steps)
    del owner[_inside(owner, path, steps[-1])]
    return document


def _owner(document: Any, path: str, steps: Steps) -> Any:
    if not steps:
        raise LookupError("the whole reply can't be taken away")
    for step in steps[:-1]:
        document = document[_inside(document, path, step)]
    if not isinstance(document, dict if isinstance(steps[-1], str) else list):
        raise LookupError(f"{path} is not in the reply")
    return document


def _inside(owner: Any, path: str, step: str | int) -> Any:
    found = (
        isinstance(owner, dict) and step in owner
        if isinstance(step, str)
        else isinstance(owner, list) and step < len(owner)
    )
    if not found:
        raise LookupError(f"{path} is not in the reply")
    return step
