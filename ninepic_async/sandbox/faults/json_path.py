"""Change a JSON document at a path such as ``$.data.images[3].height``."""

from __future__ import annotations

import re
from typing import Any, Final

Steps = tuple[str | int, ...]
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d{1,9})\]")
_PATH: Final = re.compile(rf"\$(?:{_STEP.pattern})*")


def parse(path: str) -> Steps:
    """Return a path's keys and indices; `ValueError` if it is not a path."""
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} is not a JSON path; write it like $.data.images[3].height")
    return tuple(key or int(place) for key, place in _STEP.findall(path))


def replaced(document: Any, path: str, value: object) -> Any:
    """Return the document with another value at the path; a new key of an object is added.

    Raises:
        LookupError: The document has no such path.
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
    """Return the document without the value at the path.

    Raises:
        LookupError: The document has no such path, or the path is the whole document.
    """
    steps = parse(path)
    owner = _owner(document, path, steps)
    del owner[_inside(owner, path, steps[-1])]
    return document


def _owner(document: Any, path: str, steps: Steps) -> Any:
    if not steps:
        raise LookupError("the whole reply can't be removed")
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
