"""Models as JSON documents: the fields under the names that the SDK gives them."""

from __future__ import annotations

from datetime import date

from attrs import Attribute, AttrsInstance, asdict


def document(model: AttrsInstance) -> dict[str, object]:
    """Give a model's fields; ``extra`` only where the service sent more than the SDK knows."""
    return asdict(model, filter=_said, value_serializer=_as_json)


def _said(attribute: Attribute[object], value: object) -> bool:
    return attribute.name != "extra" or bool(value)


def _as_json(owner: object, attribute: object, value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
