"""From a reply's bytes to models: envelope or flat, old spellings, unknown keys, and no coercion.

One function configures a cattrs converter, twice: a fast one for the usual case, and one that records
where it is, which only ever runs to say what is wrong with a reply that the first refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import GenericAlias, NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import attrs
import orjson
from cattrs import AttributeValidationNote, BaseValidationError, Converter, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from ninepic_async import guesses
from ninepic_async._contract.messages import Reply
from ninepic_async._support.redact import excerpt, mask_queries
from ninepic_async.errors import APIStatusError, DecodeError, Problem
from ninepic_async.models import Clip, ImageItem, PaginationInfo

M = TypeVar("M")
Hook = Callable[[Any, Any], Any]

_SPELLINGS: Final[Mapping[type, Mapping[str, tuple[str, ...]]]] = {
    ImageItem: {
        "width": ("width", "widht"),
        "thumbnail_url": ("thumbnail_url", "thumbanail_url"),
        "original_url": ("original_url", "orginal_url"),
    },
    PaginationInfo: {
        "current_page": ("currentPage",),
        "total_pages": ("totalPages",),
        "has_next_page": ("hasNextPage",),
        "has_previous_page": ("hasPreviousPage",),
    },
    Clip: {"url": guesses.CLIP_URL_KEYS},
}
"""A field's keys on the wire, the current one first; a field that is not here goes by its own name."""


_NOT_ON_THE_WIRE: Final = {"extra", "retry_after"}
"""Fields that the SDK fills: what it did not know, and what a header said."""


class _MismatchError(Exception):
    def __init__(self, expected: str, received: object) -> None:
        self.expected = expected
        self.received = received


def payload(reply: Reply, endpoint: str, model: type) -> tuple[str, Any]:
    """Find a reply's payload: under ``data`` in the envelope, or the whole body where it is flat.

    Args:
        reply: a 2xx.
        endpoint: whose.
        model: of the payload, by which one that is flat and has a ``data`` of its own is known.

    Returns:
        The payload's JSON path, and the payload.

    Raises:
        APIStatusError: the body says ``responseType: "error"``, whatever the status.
        DecodeError: it is neither shape.
    """
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        raise contract_error(reply, endpoint, "$", f"JSON ({error})", reply) from error
    if not isinstance(body, dict):
        raise contract_error(reply, endpoint, "$", "an object", body)
    if "responseType" not in body and ("data" not in body or _required_keys(model) <= body.keys()):
        return "$", body
    kind = body.get("responseType", "success")
    if kind == "error":
        raise APIStatusError(error_message(reply), status=reply.status, endpoint=endpoint)
    if kind != "success":
        raise contract_error(reply, endpoint, "$.responseType", "'success'", kind)
    data = body.get("data", attrs.NOTHING)
    if not isinstance(data, dict):
        raise contract_error(reply, endpoint, "$.data", "an object", data)
    return "$.data", data


def decode(reply: Reply, endpoint: str, model: type[M]) -> M:
    """Turn a reply's payload into a model, or raise a `DecodeError` that says where it broke the contract."""
    path, found = payload(reply, endpoint, model)
    return decode_at(reply, endpoint, path, found, model)


def decode_at(reply: Reply, endpoint: str, path: str, found: object, model: type[M]) -> M:
    """Turn one part of a reply, already found, into a model."""
    try:
        return _fast.structure(found, model)
    except (_MismatchError, KeyError):
        pass
    try:
        return _careful.structure(found, model)
    except BaseValidationError as group:
        where, mismatch = _first_leaf(group, path)
    except _MismatchError as leaf:
        where, mismatch = path, leaf
    raise contract_error(reply, endpoint, where, mismatch.expected, mismatch.received) from None


def contract_error(reply: Reply, endpoint: str, path: str, expected: str, received: object) -> DecodeError:
    """Say where a reply breaks the contract."""
    return DecodeError(
        endpoint=endpoint, path=path, expected=expected, received=_shown(received), body=excerpt(reply.body)
    )


def error_message(reply: Reply) -> str:
    """Give what a failed reply has to say, be it 9Pic's own, a gateway's, HTML or nothing at all."""
    message = _json_object(reply).get("message")
    if isinstance(message, str) and message:
        return mask_queries(message)
    if 300 <= reply.status < 400 and "location" in reply.headers:
        target = reply.headers["location"].partition("?")[0]
        return f"(a redirect to {target}, not followed: the API key goes to base_url only)"
    if not reply.body.strip():
        return "(empty body: not an answer of 9Pic itself)"
    return f"({_content_kind(reply)}, not an answer of 9Pic itself) {excerpt(reply.body)}"


def problems(message: str) -> tuple[Problem, ...]:
    """Take a 422's message apart: ``field.path: problem; field.path: problem``."""
    found = []
    for part in filter(None, (part.strip() for part in message.split("; "))):
        field, colon, problem = part.partition(": ")
        found.append(Problem(field, problem) if colon else Problem("", part))
    return tuple(found)


def _json_object(reply: Reply) -> dict[str, Any]:
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _content_kind(reply: Reply) -> str:
    kind = reply.headers.get("content-type", "").partition(";")[0].strip()
    return f"{kind or 'no content type'}, {len(reply.body)} bytes"


def _shown(value: object) -> str:
    if value is attrs.NOTHING:
        return "nothing"
    if isinstance(value, Reply):
        return _content_kind(value)
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object with the keys " + (", ".join(map(str, list(value)[:8])) or "(none)")
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"{_JSON_NAMES.get(type(value), type(value).__name__)} {mask_queries(repr(value))[:100]}"


_JSON_NAMES: Final = {str: "string", bool: "boolean", int: "number", float: "number"}


def _first_leaf(error: BaseException, path: str) -> tuple[str, _MismatchError]:
    """Follow cattrs' notes from the outermost model down to the first value that did not fit."""
    while isinstance(error, BaseValidationError):
        model = error.cl
        error = error.exceptions[0]
        for note in getattr(error, "__notes__", ()):
            if isinstance(note, IterableValidationNote):
                path += f"[{note.index}]"
            elif isinstance(note, AttributeValidationNote):
                path += f".{_keys(model, note.name)[0]}"
    if isinstance(error, _MismatchError):
        return path, error
    if isinstance(error, KeyError):
        return path, _MismatchError("a value", attrs.NOTHING)
    raise error


def _keys(model: type, name: str) -> tuple[str, ...]:
    return _SPELLINGS.get(get_origin(model) or model, {}).get(name, (name,))


def _required_keys(model: Any) -> set[str]:
    return {_keys(model, field.name)[0] for field in attrs.fields(model) if field.default is attrs.NOTHING}


def _exactly(kind: type, expected: str) -> Hook:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is kind:
            return value
        raise _MismatchError(expected, value)

    return hook


def _number(value: Any, _: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise _MismatchError("a number", value)


def _moment(value: Any, _: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _MismatchError("an ISO 8601 date and time", value) from None


def _day(value: Any, _: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _MismatchError("a date as YYYY-MM-DD", value) from None


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind)


def _optional_hook(kind: Any, converter: Converter) -> Hook:
    (inner,) = (arm for arm in get_args(kind) if arm is not NoneType)
    hook = converter.get_structure_hook(inner)

    def optional(value: Any, _: Any) -> Any:
        return None if value is None else hook(value, inner)

    return optional


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _tuple_hook(kind: Any, converter: Converter) -> Hook:
    item_kind = get_args(kind)[0]
    hook = converter.get_structure_hook(item_kind)
    list_kind = GenericAlias(list, (item_kind,))
    items = converter.get_structure_hook(list_kind)

    def fast(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise _MismatchError("a list", value)
        return tuple([hook(item, item_kind) for item in value])

    def careful(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise _MismatchError("a list", value)
        return tuple(items(value, list_kind))

    return careful if converter.detailed_validation else fast


def _model_hook(model: Any, converter: Converter) -> Hook:
    keys = {
        field.name: _keys(model, field.name)
        for field in attrs.fields(model)
        if field.name not in _NOT_ON_THE_WIRE
    }
    current = frozenset(spellings[0] for spellings in keys.values())
    renames: dict[str, Any] = {name: override(rename=spelt[0]) for name, spelt in keys.items()}
    if hasattr(model, "retry_after"):
        renames["retry_after"] = override(omit=True)
    structure = make_dict_structure_fn(model, converter, **renames)

    def hook(value: Any, _: Any) -> Any:
        if model is Clip and type(value) is str:
            value = {guesses.CLIP_URL_KEYS[0]: value}
        if type(value) is not dict:
            raise _MismatchError("an object", value)
        if not value.keys() <= current:
            value = _in_current_spelling(value, keys.values())
        return structure(value, model)

    return hook


def _image_hook(model: Any, converter: Converter) -> Hook:
    """Make the hook for photos, of which a page holds a hundred: the general hook takes three times as long.

    What is in every respect as it should be is put straight into the slots; anything else goes the general
    way, which knows old spellings, unknown keys and what to say of an error.
    """
    general = _model_hook(model, converter)
    new = object.__new__
    slots = (model.image_id, model.img_url, model.thumbnail_url, model.height, model.width)
    set_id, set_url, set_thumbnail, set_height, set_width = (slot.__set__ for slot in slots)
    set_original, set_extra = model.original_url.__set__, model.extra.__set__

    def hook(value: Any, kind: Any) -> Any:
        try:
            image_id, url, thumbnail = value["image_id"], value["img_url"], value["thumbnail_url"]
            height, width, original = value["height"], value["width"], value["original_url"]
        except (KeyError, TypeError):
            return general(value, kind)
        if not (
            len(value) == 6
            and type(image_id) is type(url) is type(thumbnail) is str
            and (type(height) is int or height is None)
            and (type(width) is int or width is None)
            and (original is None or type(original) is str)
        ):
            return general(value, kind)
        image = new(model)
        set_id(image, image_id)
        set_url(image, url)
        set_thumbnail(image, thumbnail)
        set_height(image, height)
        set_width(image, width)
        set_original(image, original)
        set_extra(image, {})
        return image

    return hook


def _in_current_spelling(value: dict[str, Any], keys: Any) -> dict[str, Any]:
    """Rename a model's old keys, and gather those that are nobody's, or not needed, under ``extra``."""
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
    return {**renamed, "extra": left}


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _as_is(value: Any, _: Any) -> Any:
    return value


def _converter(*, careful: bool) -> Converter:
    converter = Converter(detailed_validation=careful)
    converter.register_structure_hook_factory(attrs.has, _model_hook)
    converter.register_structure_hook_factory(lambda kind: kind is ImageItem, _image_hook)
    converter.register_structure_hook_factory(_is_tuple, _tuple_hook)
    converter.register_structure_hook_factory(_is_optional, _optional_hook)
    converter.register_structure_hook_func(_is_mapping, _as_is)
    converter.register_structure_hook(str, _exactly(str, "a string"))
    converter.register_structure_hook(int, _exactly(int, "a whole number"))
    converter.register_structure_hook(bool, _exactly(bool, "true or false"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook(date, _day)
    return converter


_fast: Final = _converter(careful=False)
_careful: Final = _converter(careful=True)
