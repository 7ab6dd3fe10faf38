from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.sandbox.faults.json_path import parse, replaced, without

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def places(document: Any, path: str = "$") -> list[tuple[str, Any]]:
    """Return each path in a document with its value."""
    inner: list[tuple[str, Any]] = []
    if isinstance(document, dict):
        inner = [pair for key, value in document.items() for pair in places(value, f"{path}.{key}")]
    elif isinstance(document, list):
        inner = [pair for at, value in enumerate(document) for pair in places(value, f"{path}[{at}]")]
    return [(path, document), *inner]


def related(path: str, other: str) -> bool:
    """Return whether one path contains the other."""
    return parse(path)[: len(parse(other))] == parse(other)[: len(parse(path))]


@given(DOCUMENTS, st.data())
def test_replaced_changes_only_the_path(document: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path, _ in places(document)]))
    changed = replaced(copy.deepcopy(document), path, "new")
    before, after = dict(places(document)), dict(places(changed))
    assert after[path] == "new"
    assert {at: value for at, value in after.items() if not related(at, path)} == {
        at: value for at, value in before.items() if not related(at, path)
    }


@given(DOCUMENTS, st.data())
def test_without_is_undone_by_replaced(document: Any, data: st.DataObject) -> None:
    keys = [(path, value) for path, value in places(document) if path != "$" and not path.endswith("]")]
    if keys:
        path, value = data.draw(st.sampled_from(keys))
        less = without(copy.deepcopy(document), path)
        assert path not in dict(places(less))
        assert replaced(less, path, value) == document


@pytest.mark.parametrize("path", ["$.a[2]", "$.a.b", "$[0]", "$.b.c", "$.a[0].b"])
def test_missing_path(path: str) -> None:
    with pytest.raises(LookupError, match="is not in the reply"):
        replaced({"a": [1, 2]}, path, 3)
    with pytest.raises(LookupError, match="is not in the reply"):
        without({"a": [1, 2]}, path)


@pytest.mark.parametrize("path", ["", "a", "$a", "$.", "$.a.", "$[a]", "$[-1]", "$.a b", "$..a", "$[*]"])
def test_invalid_paths(path: str) -> None:
    with pytest.raises(ValueError, match="JSON path"):
        parse(path)
