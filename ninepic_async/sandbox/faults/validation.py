"""Check the fields of a fault when it is created, before any request meets it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final

import orjson

from ninepic_async.sandbox.faults import json_path
from ninepic_async.sandbox.routes import ENDPOINTS, PHOTO_HOST_ENDPOINTS, ROUTES, UNKNOWN

Values = Mapping[str, Any]

_PAGED: Final = frozenset(route.name for route in ROUTES if route.paged)
_SMALLEST: Final = {
    "page": 1, "attempt": 1, "times": 1, "burst": 1, "per_second": 1, "at_once": 1, "serve_page": 1,
    "after_bytes": 0, "truncate_after": 0, "extra_bytes": 0, "retry_after": 0,
}  # fmt: skip
_FLAGS: Final = ("after_work", "reset", "stall", "lose_reply")
_ENDINGS: Final = ("reset", "stall", "lose_reply", "truncate_after")
_CUTS: Final = ("after_bytes", "truncate_after")
_REPLY_FIELDS: Final = (
    "status",
    "body",
    "headers",
    "retry_after",
    "replace",
    "remove",
    "serve_page",
    "extra_bytes",
)
_REAL_REPLY_FIELDS: Final = ("replace", "remove", "serve_page")
_THROTTLE_FIELDS: Final = frozenset(
    {
        "endpoint",
        "path",
        "page",
        "attempt",
        "times",
        "status",
        "body",
        "headers",
        "rate",
        "burst",
        "per_second",
        "at_once",
        "retry_after",
    }
)
_LIMITS: Final = frozenset({"rate", "per_second", "at_once"})
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def as_bytes(body: object) -> bytes:
    """Return a fault's body as bytes: bytes and text unchanged, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


def problem_with(values: Values, given: Set[str]) -> str | None:
    """Return the first problem with a fault's fields; ``given`` names those not at their defaults."""
    problems = (*_impossible(values), *_never_matched(values))
    return next(iter(problems), None) or next(_contradictions(values, given), None)


def _impossible(values: Values) -> Iterator[str]:
    for name, smallest in _SMALLEST.items():
        value = values[name]
        if value is not None and (type(value) is not int or value < smallest):
            yield f"{name} must be a whole number from {smallest}"
    for name in _FLAGS:
        if type(values[name]) is not bool:
            yield f"{name} must be True or False"
    status, delay_s, rate = values["status"], values["delay_s"], values["rate"]
    if rate is not None and (type(rate) not in (int, float) or not 0 < rate < math.inf):
        yield "rate must be a number of requests per second, more than 0"
    if status is not None and (type(status) is not int or not 200 <= status <= 599):
        yield "status must be a whole number from 200 to 599"
    if type(delay_s) not in (int, float) or not 0 <= delay_s < math.inf:
        yield "delay_s must be seconds, 0 or more; use stall=True to wait without end"
    yield from _impossible_body(values["body"])
    yield from _impossible_headers(values["headers"])
    yield from _impossible_paths(values["replace"], values["remove"])


def _impossible_body(body: object) -> Iterator[str]:
    try:
        as_bytes(body)
    except (TypeError, UnicodeEncodeError) as error:
        yield f"body must be bytes, text or JSON values ({error})"


def _impossible_headers(headers: object) -> Iterator[str]:
    if not isinstance(headers, Mapping):
        yield "headers must be a mapping of names to strings"
        return
    for name, value in headers.items():
        if not (isinstance(name, str) and _HEADER_NAME.fullmatch(name)):
            yield f"{name!r} is not a valid header name"
        if not isinstance(value, str) or re.search(r"[\r\n\0]", value):
            yield f"the header {name} must be text without line breaks"
        elif str(name).casefold() == "content-length" and not re.fullmatch(r"[0-9]{1,18}", value):
            yield "the header Content-Length must be a number"
        elif str(name).casefold() == "date":
            yield "the header Date has no effect: the sandbox sets it from its clock"


def _impossible_paths(replace: object, remove: object) -> Iterator[str]:
    if not isinstance(replace, Mapping):
        yield "replace must be a mapping of JSON paths to values"
    elif not isinstance(remove, Sequence) or isinstance(remove, str | bytes):
        yield "remove must be a list of JSON paths"
    else:
        for path in (*replace, *remove):
            if not isinstance(path, str):
                yield f"{path!r} is not a JSON path"
                continue
            try:
                if not json_path.parse(path) and path in remove:
                    yield "remove can't remove the whole reply"
            except ValueError as error:
                yield str(error)
        yield from _impossible_body(dict(replace))


def _never_matched(values: Values) -> Iterator[str]:
    endpoint, path = values["endpoint"], values["path"]
    if endpoint is not None and endpoint not in ENDPOINTS:
        yield f"there is no endpoint {endpoint!r}; use one of {', '.join(ENDPOINTS)}"
    if path is not None and not (isinstance(path, str) and path.startswith(("/", "*", "?", "["))):
        yield "path must match the whole path: begin it with / or *"
    if endpoint in ENDPOINTS and endpoint not in (*_PAGED, UNKNOWN):
        for name in ("page", "serve_page"):
            if values[name] is not None:
                yield f"{endpoint} has no pages, so {name} has no effect"
    if endpoint in PHOTO_HOST_ENDPOINTS and (values["replace"] or values["remove"]):
        yield f"{endpoint} does not answer with JSON, so replace and remove have no effect"


def _contradictions(values: Values, given: Set[str]) -> Iterator[str]:
    yield from _without_what_they_need(values, given)
    if given & _LIMITS:
        yield from _not_in_a_throttle(given)
        return
    yield from _not_with_an_ending(given)
    if "status" in given:
        yield from _not_with_a_status(values, given)
    elif "body" in given:
        yield "body needs a status; to change the real reply, use replace, remove or extra_bytes"
    elif "retry_after" in given:
        yield "retry_after needs a status or a throttle; to change the real reply, use headers"


def _without_what_they_need(values: Values, given: Set[str]) -> Iterator[str]:
    if "burst" in given and "rate" not in given:
        yield "burst needs a rate: it says how many requests the rate lets pass at the same moment"
    if "retry_after" in given and "retry-after" in map(str.casefold, values["headers"]):
        yield "retry_after can't be combined with a Retry-After in headers"
    if "after_bytes" in given and not given & {"reset", "stall"}:
        yield "after_bytes says where reset or stall happens; add one of them"
    if "after_work" in given and not given & {"status", "reset", "stall", "delay_s"}:
        yield "after_work says when delay_s, status, reset or stall happens; add one of them"


def _not_with_an_ending(given: Set[str]) -> Iterator[str]:
    endings = [name for name in _ENDINGS if name in given]
    if len(endings) > 1:
        yield f"{' and '.join(endings)} can't be combined: a reply ends in one way"
    elif endings and endings[0] != "truncate_after" and "after_bytes" not in given:
        for name in given & set(_REPLY_FIELDS):
            yield f"{endings[0]} sends no reply, so {name} has no effect"


def _not_with_a_status(values: Values, given: Set[str]) -> Iterator[str]:
    for name in given & set(_REAL_REPLY_FIELDS):
        yield f"{name} changes the real reply, but status replaces it"
    size = len(as_bytes(values["body"]))
    for name in _CUTS:
        if (values[name] or 0) > size:
            yield f"{name} is beyond the end of the body, which has {size} bytes"


def _not_in_a_throttle(given: Set[str]) -> Iterator[str]:
    limits = " and ".join(sorted(given & _LIMITS))
    for name in sorted(given - _THROTTLE_FIELDS):
        yield f"{name} can't be combined with {limits}: a throttle answers with a status"
