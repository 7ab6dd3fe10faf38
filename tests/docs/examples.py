"""Find the examples in docstrings and pages, and run them against a sandbox.

The convention:

- In a docstring, an example is a run of ``>>>`` lines. Top-level ``await``, ``async for`` and ``async with``
  are allowed. Output that is written below a line is compared, with ``...`` for any text. Output that is not
  written is not checked.
- On a page, an example is a ``python`` block. All blocks of a page share their names.
- Both find `client`, `event`, `search` (a face search), `job` (a clip job) and `sb` (a sandbox). A docstring
  also finds the public names of the package and all names of its own module. `selfie.jpg` and the folder
  `photos`, with a photo, are in the current folder.
- Event 456, BIB "1234" and the key stand for those of the sandbox.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

import ninepic_async
from ninepic_async.sandbox import Sandbox

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "ninepic_async"
BIB = "8230"
"""A BIB of the sandbox."""

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_COMPARE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@attrs.frozen
class DocstringExample:
    """The ``>>>`` lines of one docstring. `name` is its module below the package, a colon, and its object."""

    name: str
    lines: tuple[doctest.Example, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def module(self) -> str:
        """Return the whole name of the module."""
        return f"ninepic_async.{self.name.partition(':')[0]}".strip(".")

    @property
    def is_blocking(self) -> bool:
        """Return whether the example is of the blocking face."""
        return self.name.startswith("sync")


def docstring_examples() -> list[DocstringExample]:
    """Return the examples of every docstring in the package."""
    return [
        DocstringExample(name, tuple(lines))
        for name, text in package_docstrings()
        if (lines := doctest.DocTestParser().get_examples(text))
    ]


def package_docstrings() -> Iterator[tuple[str, str]]:
    """Return every docstring in the package, with its dotted name below the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").strip(".")
        for name, text in docstrings(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{module}:{name}".strip(":"), text


def docstrings(node: ast.AST, name: str = "") -> Iterator[tuple[str, str]]:
    """Return the docstrings below a node of a syntax tree, each with its dotted name."""
    if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
        yield name, text
    for child in ast.iter_child_nodes(node):
        yield from docstrings(child, f"{name}.{getattr(child, 'name', '')}".strip("."))


def module_names(example: DocstringExample) -> dict[str, object]:
    """Return what an example in a docstring finds without importing it."""
    package = importlib.import_module("ninepic_async.sync" if example.is_blocking else "ninepic_async")
    public = {name: getattr(package, name) for name in ninepic_async.__all__}
    return public | vars(importlib.import_module(example.module))


def start(source: str, names: dict[str, object], sandbox: Sandbox, mode: str = "exec") -> object:
    """Run an example with the event, the BIB and the key of a sandbox; return the coroutine if it waits.

    Args:
        mode: "single" prints the value of each expression, as a Python prompt does.
    """
    source = re.sub(r"\b456\b", str(sandbox.event_id), source)
    source = re.sub(r"\b1234\b", BIB, source)
    source = re.sub(r'NinePic\("key", 903(?:, )?', "NinePic(", source)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return eval(compile(source, "<example>", mode, flags=flags, dont_inherit=True), names)


async def run(source: str, names: dict[str, object], sandbox: Sandbox, mode: str = "exec") -> None:
    """Run an example to its end."""
    outcome = start(source, names, sandbox, mode)
    if inspect.iscoroutine(outcome):
        await outcome


def as_in_examples(shown: str, sandbox: Sandbox) -> str:
    """Return what an example shows, with the event and the BIB that examples have."""
    return re.sub(rf"\b{BIB}\b", "1234", re.sub(rf"\b{sandbox.event_id}\b", "456", shown))


def check(line: doctest.Example, shown: str) -> None:
    """Compare what a line of a docstring shows with what is written below it."""
    if line.want:
        checker = doctest.OutputChecker()
        matches = checker.check_output(line.want, shown, _COMPARE)
        assert matches, f"{line.source}{checker.output_difference(line, shown, _COMPARE)}"


def names_of(page: str, sandbox: Sandbox) -> dict[str, Any]:
    """Run the blocks of a page that defines an app, and return its names."""
    names: dict[str, Any] = {"__name__": "docs"}
    for block in python_blocks(ROOT / page):
        start(block, names, sandbox)
    return names


def python_blocks(page: Path) -> list[str]:
    """Return the Python blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
