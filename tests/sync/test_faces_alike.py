from __future__ import annotations

import ast
import doctest
import inspect
import re
from collections.abc import Callable

import attrs
import pytest

import ninepic_async
from ninepic_async import sync
from scripts.blocking_face.source import drafts

PAIRS = [
    (getattr(ninepic_async, name), getattr(sync, name))
    for name in ninepic_async.__all__
    if getattr(ninepic_async, name) is not getattr(sync, name)
]
BLOCKING_NAMES = {
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
}
by_name = pytest.mark.parametrize(("async_face", "face"), PAIRS, ids=lambda cls: cls.__name__)


def test_both_faces_have_the_same_names_and_only_waiting_classes_differ() -> None:
    assert sync.__all__ == ninepic_async.__all__
    assert [face.__name__ for _, face in PAIRS] == ["ClipJob", "Event", "FaceSearch", "NinePic", "Pager"]


def members(cls: type) -> dict[str, object]:
    names = {*BLOCKING_NAMES, *BLOCKING_NAMES.values(), "__init__"}
    return {
        BLOCKING_NAMES.get(name, name): inspect.getattr_static(cls, name)
        for name in dir(cls)
        if not name.startswith("_") or (name in names and name in vars(cls))
    }


def shape(member: object) -> tuple[object, ...]:
    if not inspect.isfunction(member):
        return ("attribute",)
    signature = inspect.signature(member)
    parameters = tuple(
        (p.name, p.kind, p.default, blocking(p.annotation)) for p in signature.parameters.values()
    )
    return ("method", parameters)


def blocking(annotation: object) -> str:
    """A type without async iterables: a blocking caller has none."""
    arms = str(annotation).replace("AsyncIterable[", "Iterable[").split(" | ")
    return " | ".join(dict.fromkeys(arms))


def returned(member: object) -> str:
    assert callable(member)
    text = str(inspect.signature(member).return_annotation)
    generator = re.fullmatch(r"AsyncGenerator\[(.*), None\]", text)
    return f"Generator[{generator[1]}, None, None]" if generator else text


@by_name
def test_every_public_signature_is_the_same(async_face: type, face: type) -> None:
    theirs, ours = members(async_face), members(face)
    if face is not sync.NinePic:
        # Only the SDK creates these. FaceSearch, which users can create too, is compared by field below.
        for found in (theirs, ours):
            found.pop("__init__", None)
    assert set(ours) == set(theirs)
    name = face.__name__
    assert {key: shape(member) for key, member in ours.items()} == {
        key: shape(member) for key, member in theirs.items()
    }
    for key, member in ours.items():
        if inspect.isfunction(member):
            assert returned(member) == returned(theirs[key]), f"{name}.{key}"
            assert not inspect.iscoroutinefunction(member)
            assert not inspect.isasyncgenfunction(member)


def test_a_face_search_is_made_of_the_same_fields() -> None:
    def public(cls: type) -> list[tuple[object, ...]]:
        fields = attrs.fields(cls)
        return [(f.name, f.type, f.default, f.eq, f.repr) for f in fields if not f.name.startswith("_")]

    assert public(sync.FaceSearch) == public(ninepic_async.FaceSearch)


def documented(face: type) -> list[tuple[str, str]]:
    found = [(face.__name__, inspect.getdoc(face) or "")]
    for name, member in members(face).items():
        if inspect.isfunction(member) or isinstance(member, property):
            if name in ("__init__", "__enter__", "__exit__"):
                continue
            found.append((f"{face.__name__}.{name}", member.__doc__ or ""))
    return found


DOCUMENTED = [entry for _, face in PAIRS for entry in documented(face)]


@pytest.mark.parametrize(("name", "text"), DOCUMENTED, ids=[name for name, _ in DOCUMENTED])
def test_docstrings_have_no_words_of_the_async_client(name: str, text: str) -> None:
    assert text, f"{name} says nothing"
    prose = text.replace("does not ``await``", "")
    assert not re.search(r"\b(async|await|aclose|asyncio|coroutine)\b", prose), text
    for example in doctest.DocTestParser().get_examples(text):
        tree = ast.parse(example.source)
        assert not any(isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in ast.walk(tree))


def content(source: str) -> tuple[set[str], list[str]]:
    """Imports and statements of a module, however they are laid out."""
    tree = ast.parse(source)
    imports = {
        f"{getattr(node, 'module', None)}: {ast.unparse(alias)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = inspect.cleandoc(node.value)
    body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom | ast.If)]
    return imports, [ast.dump(node) for node in body]


def test_the_generated_classes_are_up_to_date() -> None:
    out_of_date = [path for path, text in drafts().items() if content(path.read_text()) != content(text)]
    assert not out_of_date, "run python -m scripts.blocking_face, and commit what it writes"


@by_name
def test_docstrings_differ_in_code_only(async_face: type, face: type) -> None:
    own = {"NinePic", "NinePic.close"}
    theirs = dict(documented(async_face))
    for name, text in documented(face):
        if name in own or name not in theirs:
            continue
        assert without_code(text) == without_code(theirs[name]), name


def without_code(text: str) -> str:
    lines = inspect.cleandoc(text).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith((">>>", "...")))


def test_the_signature_test_notices_changes() -> None:
    class Theirs:
        async def call(self, limit: int | None = None) -> None: ...

    changed: list[Callable[..., object]] = [
        lambda self: 0,
        lambda self, limit: 0,
        lambda self, most=None: 0,
        lambda self, *, limit=None: 0,
    ]
    for other in changed:
        assert shape(other) != shape(Theirs.call)
