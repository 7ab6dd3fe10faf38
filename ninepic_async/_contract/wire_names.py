"""The keys of models on the wire: current spellings, old spellings, and unknown keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, get_origin

import attrs
import orjson

from ninepic_async import guesses
from ninepic_async._contract.paging import WirePagination
from ninepic_async.models import Clip, ImageItem

_SPELLINGS: Final[Mapping[type, Mapping[str, tuple[str, ...]]]] = {
    ImageItem: {
        "width": ("width", "widht"),
        "thumbnail_url": ("thumbnail_url", "thumbanail_url"),
        "original_url": ("original_url", "orginal_url"),
    },
    WirePagination: {
        "current_page": ("currentPage",),
        "total_pages": ("totalPages",),
        "has_next_page": ("hasNextPage",),
        "has_previous_page": ("hasPreviousPage",),
    },
    Clip: {"url": guesses.CLIP_URL_KEYS},
}
"""A field's keys on the wire, the current one first. All other fields have their own name."""

NOT_ON_THE_WIRE: Final = frozenset({"extra", "retry_after"})
"""Fields that are not keys of the payload: the SDK fills them with unknown keys and a header's value."""

MAX_EXTRA_BYTES: Final = 64 * 1024
"""Unknown keys of one object are dropped if they are larger than this as JSON."""


def keys_of(model: Any, name: str) -> tuple[str, ...]:
    """Return a field's keys on the wire, the current spelling first."""
    return _SPELLINGS.get(get_origin(model) or model, {}).get(name, (name,))


@cache
def required_keys(model: Any) -> frozenset[str]:
    """Return the keys that a model requires."""
    required = (field.name for field in attrs.fields(model) if field.default is attrs.NOTHING)
    return frozenset(keys_of(model, name)[0] for name in required)


def in_current_spelling(value: dict[str, Any], keys: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Rename a model's old keys, and move unknown and redundant ones to ``extra``."""
    left = dict(value)
    renamed: dict[str, Any] = {}
    for spellings in keys:
        given = [key for key in spellings if key in left]
        if not given:
            continue
        used = next((key for key in given if left[key] not in (None, "")), given[0])
        renamed[spellings[0]] = found = left[used]
        for key in given:
            if left[key] in (None, "", found):
                del left[key]
    return {**renamed, "extra": _bounded(left)}


def _bounded(extra: dict[str, Any]) -> dict[str, Any]:
    if not extra:
        return extra
    try:
        size = len(orjson.dumps(extra))
    except TypeError:
        # orjson can't write some of the values that only the lenient parser accepts.
        size = len(repr(extra))
    return extra if size <= MAX_EXTRA_BYTES else {}
