"""Check replies against the OpenAPI document, with no keys beyond the documented ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from attrs import frozen
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from ninepic_async.sandbox.api.openapi import document

METHODS = ("get", "post", "put", "delete", "patch")


@frozen
class Operation:
    """One endpoint of the document."""

    name: str
    method: str
    path: str
    described: dict[str, Any]

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.described["responses"]}


def operations() -> dict[str, Operation]:
    return {
        described["operationId"]: Operation(described["operationId"], method.upper(), path, described)
        for path, item in document()["paths"].items()
        for method, described in item.items()
        if method in METHODS
    }


def operation_of(method: str, path: str) -> Operation:
    """Return the operation of a request; paths without parameters are tried first."""
    for operation in sorted(operations().values(), key=lambda each: each.path.count("{")):
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", operation.path)
        if operation.method == method and re.fullmatch(pattern, path):
            return operation
    raise LookupError(f"{method} {path} is not described")


def check(operation: Operation, status: int, content_type: str, body: Any) -> None:
    """Fail if a reply is not documented, or has a key that is not."""
    reply = resolved(operation.described["responses"][str(status)])
    schema = reply["content"][content_type]["schema"]
    errors = sorted(validator(schema).iter_errors(body), key=str)
    assert not errors, "\n".join(f"{error.json_path}: {error.message}" for error in errors)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = {**schema, "components": closed(document()["components"])}
    assert validator_for(whole, Draft202012Validator) is Draft202012Validator
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def closed(described: Any) -> Any:
    """Return a copy that allows no other keys."""
    copy = deepcopy(described)
    for part in parts(copy):
        if part.get("type") == "object" and "properties" in part:
            part["additionalProperties"] = False
    return copy


def parts(described: Any) -> Iterator[dict[str, Any]]:
    """Yield each object of the document, the outer ones first."""
    if isinstance(described, dict):
        yield described
    for inner in described.values() if isinstance(described, dict) else described:
        if isinstance(inner, dict | list):
            yield from parts(inner)


def resolved(described: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in described:
        place: Any = document()
        for step in described["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        described = place
    return described
