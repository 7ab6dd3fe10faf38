"""Read the project's docstrings as mkdocstrings expects them."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^( *)Example:$", re.MULTILINE)
_ARGS = re.compile(r"^( *)Args:$", re.MULTILINE)
_ATTRS_DECORATORS = ("attrs.frozen", "attrs.define")


class ReadDocstrings(griffe.Extension):
    """Show ``Example:`` as code, and the ``Args:`` of an attrs class as its attributes."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename headings in the docstring of one class, function or module."""
        if obj.docstring is None:
            return
        text = _EXAMPLE.sub(r"\1Examples:", obj.docstring.value)
        if isinstance(obj, griffe.Class) and _is_attrs(obj):
            text = _ARGS.sub(r"\1Attributes:", text)
        obj.docstring.value = text


def _is_attrs(cls: griffe.Class) -> bool:
    return any(decorator.callable_path in _ATTRS_DECORATORS for decorator in cls.decorators)
