"""Decode a reply's payload into models. Types are not converted; old spellings of keys are accepted.

A cattrs converter decodes a payload that matches the reference. Any other payload goes through `repair`
first, which repairs harmless mismatches and reports the first one that is not harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from ninepic_async import guesses
from ninepic_async._contract.body import contract_error, payload
from ninepic_async._contract.messages import Reply
from ninepic_async._contract.repair import MismatchError, Repair
from ninepic_async._contract.wire_names import NOT_ON_THE_WIRE, in_current_spelling, keys_of, required_keys
from ninepic_async.models import Clip, ImageItem

M = TypeVar("M")
Hook = Callable[[Any, Any], Any]


def decode(reply: Reply, endpoint: str, model: type[M]) -> M:
    """Decode a reply's payload into a model.

    Raises:
        APIStatusError: the body says ``responseType: "error"``.
        DecodeError: the payload does not match the reference. The error has the JSON path.
    """
    path, found = payload(reply, endpoint, required_keys(cast("Any", model)))
    return decode_at(reply, endpoint, path, found, model)


def decode_at(reply: Reply, endpoint: str, path: str, found: object, model: type[M]) -> M:
    """Decode the part of a reply at a JSON path into a model."""
    try:
        return _converter.structure(found, model)
    except (MismatchError, KeyError):
        pass
    try:
        return _converter.structure(Repair(reply.oddities).repaired(found, model), model)
    except MismatchError as error:
        where, expected, received = error.path, error.expected, error.received
    raise contract_error(reply, endpoint, path + where, expected, received)


def _exactly(kind: type, expected: str) -> Hook:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is kind:
            return value
        raise MismatchError(expected, value)

    return hook


def _number(value: Any, _: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise MismatchError("a number", value)


def _moment(value: Any, _: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise MismatchError("an ISO 8601 date and time", value) from None


def _day(value: Any, _: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise MismatchError("a date as YYYY-MM-DD", value) from None


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

    def items(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise MismatchError("a list", value)
        return tuple([hook(item, item_kind) for item in value])

    return items


def _model_hook(model: Any, converter: Converter) -> Hook:
    keys = {
        field.name: keys_of(model, field.name)
        for field in attrs.fields(model)
        if field.name not in NOT_ON_THE_WIRE
    }
    current = frozenset(spellings[0] for spellings in keys.values())
    renames: dict[str, Any] = {name: override(rename=spellings[0]) for name, spellings in keys.items()}
    if hasattr(model, "retry_after"):
        renames["retry_after"] = override(omit=True)
    structure = make_dict_structure_fn(model, converter, **renames)

    def hook(value: Any, _: Any) -> Any:
        if model is Clip and type(value) is str:
            value = {guesses.CLIP_URL_KEYS[0]: value}
        if type(value) is not dict:
            raise MismatchError("an object", value)
        if not value.keys() <= current:
            value = in_current_spelling(value, keys.values())
        return structure(value, model)

    return hook


def _image_hook(model: Any, converter: Converter) -> Hook:
    """Return the hook for photos. It sets the slots directly if the photo matches the reference.

    A page has 100 photos, and the general hook takes three times as long. It decodes all other photos.
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


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _as_is(value: Any, _: Any) -> Any:
    return value


def _strict_converter() -> Converter:
    # Detailed validation builds an exception for each wrong item: 2 GB of memory for 2 MB of zeros.
    converter = Converter(detailed_validation=False)
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


_converter: Final = _strict_converter()
