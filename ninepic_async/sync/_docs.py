"""The docstrings of the blocking face are those of the async one, put in a blocking reader's words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Final, TypeVar

C = TypeVar("C", bound=type)

ASYNC_NAMES: Final = {
    "close": "aclose",
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
    "__iter__": "__aiter__",
}
"""What is called otherwise in the async face."""

_REWORDINGS: Final = (
    (re.compile(r"\(await ((?:[^()]|\([^()]*\))*)\)"), r"\1"),
    (re.compile(r"\bawait "), ""),
    (re.compile(r"\basync (for|with)\b"), r"\1"),
    (re.compile(r"\baclose\b"), "close"),
)


def blocking(text: str) -> str:
    """Take ``async`` and ``await`` out of a docstring's examples and prose."""
    for pattern, replacement in _REWORDINGS:
        text = pattern.sub(replacement, text)
    return text


def documented_as(source: type) -> Callable[[C], C]:
    """Give a class, and what is in it, the docstrings of its counterpart where it has none of its own."""

    def document(target: C) -> C:
        for name, member in vars(target).items():
            if inspect.isfunction(member) or isinstance(member, property):
                _carry(getattr(source, ASYNC_NAMES.get(name, name), None), member)
        _carry(source, target)
        return target

    return document


def _carry(source: object, target: object) -> None:
    if target.__doc__ is None and (text := inspect.getdoc(source)) is not None:
        target.__doc__ = blocking(text)
