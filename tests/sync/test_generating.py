"""The generator of the blocking classes, by kind of method."""

from __future__ import annotations

import ast
import importlib.util
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from scripts.blocking_face import source as generator

HEADER = """
from __future__ import annotations
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING, overload
from ninepic_async import ClipJob, FaceSearch, Pager
if TYPE_CHECKING:
    from ninepic_async.download.source import Source

Ids = Iterable[str] | AsyncIterable[str]

class Event:
"""
KINDS = {
    "a coroutine": (
        "async def read(self, item: str, *, limit: int = 5) -> bytes: ...",
        (
            "def read(self, item: str, *, limit: int=5) -> bytes:"
            " return self._portal.call(self._async.read, item, limit=limit)"
        ),
    ),
    "any number of arguments": (
        "async def get(self, *positional: object, a: int = 1) -> int: ...",
        (
            "def get(self, *positional: object, a: int=1) -> int:"
            " return self._portal.call(self._async.get, *positional, a=a)"
        ),
    ),
    "a list": (
        "def photos(self) -> Pager[str]: ...",
        "def photos(self) -> Pager[str]: return Pager(self._portal, self._async.photos())",
    ),
    "a coroutine that gives something to wait for": (
        "async def start(self) -> ClipJob: ...",
        "def start(self) -> ClipJob: return ClipJob(self._portal, self._portal.call(self._async.start))",
    ),
    "a selfie search": (
        "async def search(self) -> FaceSearch: ...",
        (
            "def search(self) -> FaceSearch:"
            " return FaceSearch._of(self._portal, self._portal.call(self._async.search))"
        ),
    ),
    "an async generator": (
        "async def updates(self) -> AsyncGenerator[str, None]: ...",
        "def updates(self) -> Generator[str, None, None]: return self._portal.iterate(self._async.updates())",
    ),
    "an async iterator": (
        "def stream(self, item: str) -> AsyncIterator[bytes]: ...",
        (
            "def stream(self, item: str) -> Iterator[bytes]:"
            " return self._portal.iterate(self._async.stream(item))"
        ),
    ),
    "a plain method": (
        "def name(self) -> str: ...",
        "def name(self) -> str: return self._async.name()",
    ),
    "a property": (
        "@property\ndef name(self) -> str: ...",
        "@property\ndef name(self) -> str: return self._async.name",
    ),
    "a field": (
        'name: str\n"""The name."""',
        '@property\ndef name(self) -> str:\n    """The name."""\n    return self._async.name',
    ),
    "something to iterate over": (
        "async def sign(self, ids: Iterable[str] | AsyncIterable[str] | None) -> None: ...",
        (
            "def sign(self, ids: Iterable[str] | None) -> None:"
            " return self._portal.call(self._async.sign, in_the_loop(ids))"
        ),
    ),
    "something to iterate over, under another name": (
        "async def sign(self, ids: Ids) -> None: ...",
        "def sign(self, ids: Ids) -> None: return self._portal.call(self._async.sign, in_the_loop(ids))",
    ),
    "a counterpart as argument": (
        "def links(self, *, search: FaceSearch | str) -> Pager[str]: ...",
        (
            "def links(self, *, search: FaceSearch | str) -> Pager[str]:"
            " return Pager(self._portal, self._async.links(search=in_the_loop(search)))"
        ),
    ),
    "progress": (
        "async def fetch(self, source: Source, *, on_progress: object = None) -> int: ...",
        (
            "def fetch(self, source: Source, *, on_progress: object=None) -> int:"
            " return call_with_progress(self._portal, lambda tell:"
            " self._async.fetch(in_the_loop(source), on_progress=tell), on_progress)"
        ),
    ),
    "overloads": (
        (
            "@overload\ndef get(self, a: int) -> int: ...\n"
            "@overload\ndef get(self, a: str) -> str: ...\n"
            "def get(self, a: int | str) -> int | str: ..."
        ),
        (
            "@overload\ndef get(self, a: int) -> int: ...\n"
            "@overload\ndef get(self, a: str) -> str: ...\n"
            "def get(self, a: int | str) -> int | str: return self._any.get(a)"
        ),
    ),
    "what is private": ("def _sign(self) -> None: ...", ""),
}


@pytest.fixture
def written(tmp_path: Path) -> Iterator[ModuleType]:
    """A module whose source the test writes."""
    spec = importlib.util.spec_from_file_location("written_async_face", tmp_path / "written.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(("theirs", "ours"), KINDS.values(), ids=KINDS.keys())
def test_each_kind_of_method_gets_its_blocking_counterpart(
    theirs: str, ours: str, written: ModuleType
) -> None:
    spec = written.__spec__
    assert spec is not None
    assert spec.origin is not None
    assert spec.loader is not None
    Path(spec.origin).write_text(HEADER + textwrap.indent(theirs, "    "))
    spec.loader.exec_module(written)
    members = list(generator.members_of(written, "Event"))
    overloaded = {member.name for member in members if generator.is_overload(member.node)}
    made = "\n".join(generator.blocking_member("Event", member, overloaded) for member in members)
    assert ast.unparse(ast.parse(made)) == ast.unparse(ast.parse(ours))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (">>> (await event.ping()).status", ">>> event.ping().status"),
        (">>> async for photo in photos:", ">>> for photo in photos:"),
        (">>> [photo async for photo in photos]", ">>> [photo for photo in photos]"),
        ("Close it with ``await client.aclose()``.", "Close it with ``client.close()``."),
    ],
)
def test_await_and_async_are_removed_from_docstrings(theirs: str, ours: str) -> None:
    assert generator.documentation("Event.x", theirs).strip() == f'"""{ours}"""'


def test_a_docstring_that_still_has_async_words_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"Event\.x says 'coroutine'"):
        generator.documentation("Event.x", "Return a coroutine.")
