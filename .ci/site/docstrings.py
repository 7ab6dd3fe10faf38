"""Read the project's docstrings as mkdocstrings expects them."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^( *)Example:$", re.MULTILINE)
_ARGS = re.compile(r"^( *)Args:$", re.MULTILINE)
_POSITIONAL = re.compile(r"^ *positional: .*\n", re.MULTILINE)
_SECTION = re.compile(r"^(?:Raises|Examples|Reference):$", re.MULTILINE)
_ATTRS_DECORATORS = ("attrs.frozen", "attrs.define")
_EXTRA = "the keys that the SDK does not know."


class ReadDocstrings(griffe.Extension):
    """Show ``Example:`` as code, and the ``Args:`` of an attrs class as its attributes.

    ``*positional``, which only refuses arguments without a name, is left out. The fields of an attrs class
    whose docstring does not describe them are listed with types and defaults.
    """

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename headings in the docstring of one class, function or module."""
        if obj.docstring is None:
            return
        text = _EXAMPLE.sub(r"\1Examples:", obj.docstring.value)
        if isinstance(obj, griffe.Class) and _is_attrs(obj):
            text = _ARGS.sub(r"\1Attributes:", text)
        if isinstance(obj, griffe.Function) and "positional" in obj.parameters:
            del obj.parameters["positional"]
            text = _POSITIONAL.sub("", text)
        obj.docstring.value = text

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """List the fields of one class."""
        if cls.docstring is None or not _is_attrs(cls) or "Attributes:" in cls.docstring.value:
            return
        fields = [
            _described(member)
            for member in cls.members.values()
            if isinstance(member, griffe.Attribute) and _is_field(member)
        ]
        if not fields:
            return
        text = cls.docstring.value
        section = _SECTION.search(text)
        end = section.start() if section else len(text)
        listed = "\n".join(["Attributes:", *(f"    {field}" for field in fields)])
        cls.docstring.value = f"{text[:end].rstrip()}\n\n{listed}\n\n{text[end:]}".rstrip()


def _is_attrs(cls: griffe.Class) -> bool:
    return any(decorator.callable_path in _ATTRS_DECORATORS for decorator in cls.decorators)


def _is_field(member: griffe.Attribute) -> bool:
    return (
        member.annotation is not None
        and not member.name.startswith("_")
        and member.docstring is None
        and not member.has_labels("property")
    )


def _described(field: griffe.Attribute) -> str:
    if field.name == "extra":
        return f"extra: {_EXTRA}"
    return f"{field.name}: {_default(str(field.value)) if field.value is not None else 'required.'}"


def _default(value: str) -> str:
    found = re.search(r"\b(?:default|factory)=([^,)]+)", value)
    if value.startswith("field(") and found is None:
        return "required."
    default = found[1] if found else value
    return "empty by default." if default in ("()", "tuple", "list", "dict") else f"default ``{default}``."
