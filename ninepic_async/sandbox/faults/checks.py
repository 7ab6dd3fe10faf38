"""What is wrong with a fault, said when it is added and not when it does not strike."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final

import orjson

from ninepic_async.sandbox.api.endpoints import ROUTES
from ninepic_async.sandbox.faults import json_path
from ninepic_async.sandbox.links import PICTURE_ENDPOINTS
from ninepic_async.sandbox.request_log import UNKNOWN

Values = Mapping[str, Any]

ENDPOINTS: Final = (*(route.name for route in ROUTES), *PICTURE_ENDPOINTS, UNKNOWN)
"""What ``endpoint`` can be; ``"unknown"`` are requests that no route is there for."""
_PAGED: Final = frozenset(route.name for route in ROUTES if route.paged)
_SMALLEST: Final = {
    "page": 1, "attempt": 1, "times": 1, "per_second": 1, "at_once": 1, "serve_page": 1,
    "after_bytes": 0, "truncate_after": 0, "extra_bytes": 0,
}  # fmt: skip
_FLAGS: Final = ("after_work", "reset", "stall", "lose_reply")
_ENDINGS: Final = ("reset", "stall", "lose_reply", "truncate_after")
_CUTS: Final = ("after_bytes", "truncate_after")
_OF_A_REPLY: Final = ("status", "body", "headers", "replace", "remove", "serve_page", "extra_bytes")
_OF_A_TRUE_REPLY: Final = ("replace", "remove", "serve_page")
_OF_A_THROTTLE: Final = frozenset(
    {"endpoint", "path", "page", "attempt", "per_second", "at_once", "times", "status", "body", "headers"}
)
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def as_bytes(body: object) -> bytes:
    """The body of an answer as it is sent: bytes and text as they stand, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


def problem_with(values: Values, said: Set[str]) -> str | None:
    """The first thing that is wrong with a fault's fields; ``said`` are those not at their defaults."""
    problems = (*_impossible(values), *_never_met(values))
    return next(iter(problems), None) or next(_contradictions(values, said), None)


def _impossible(values: Values) -> Iterator[str]:
    for name, smallest in _SMALLEST.items():
        value = values[name]
        if value is not None and (type(value) is not int or value < smallest):
            yield f"{name} has to be a whole number from {smallest}"
    for name in _FLAGS:
        if type(values[name]) is not bool:
            yield f"{name} has to be True or False"
    status, delay_s = values["status"], values["delay_s"]
    if status is not None and (type(status) is not int or not 200 <= status <= 599):
        yield "status has to be a whole number from 200 to 599"
    if type(delay_s) not in (int, float) or not 0 <= delay_s < math.inf:
        yield "delay_s has to be seconds from 0 (stall=True is for ever)"
    yield from _impossible_body(values["body"])
    yield from _impossible_headers(values["headers"])
    yield from _impossible_paths(values["replace"], values["remove"])


def _impossible_body(body: object) -> Iterator[str]:
    try:
        as_bytes(body)
    except (TypeError, UnicodeEncodeError) as error:
        yield f"body has to be bytes, text, or what JSON can hold ({error})"


def _impossible_headers(headers: object) -> Iterator[str]:
    if not isinstance(headers, Mapping):
        yield "headers have to be a mapping of names to texts"
        return
    for name, value in headers.items():
        if not (isinstance(name, str) and _HEADER_NAME.fullmatch(name)):
            yield f"{name!r} can't be the name of a header"
        if not isinstance(value, str) or re.search(r"[\r\n\0]", value):
            yield f"the header {name} has to be a text of one line"
        elif str(name).casefold() == "content-length" and not re.fullmatch(r"[0-9]{1,18}", value):
            yield "Content-Length has to be a number"
        elif str(name).casefold() == "date":
            yield "replies are dated by the clock, so Date has no effect"


def _impossible_paths(replace: object, remove: object) -> Iterator[str]:
    if not isinstance(replace, Mapping):
        yield "replace has to be a mapping of JSON paths to values"
    elif not isinstance(remove, Sequence) or isinstance(remove, str | bytes):
        yield "remove has to be a list of JSON paths"
    else:
        for path in (*replace, *remove):
            if not isinstance(path, str):
                yield f"{path!r} is no JSON path"
                continue
            try:
                if not json_path.parse(path) and path in remove:
                    yield "the whole reply can't be taken away"
            except ValueError as error:
                yield str(error)
        yield from _impossible_body(dict(replace))


def _never_met(values: Values) -> Iterator[str]:
    endpoint, path = values["endpoint"], values["path"]
    if endpoint is not None and endpoint not in ENDPOINTS:
        yield f"there is no endpoint {endpoint!r}; there are {', '.join(ENDPOINTS)}"
    if path is not None and not (isinstance(path, str) and path.startswith(("/", "*", "?", "["))):
        yield "path is compared with the whole path: begin it with / or *"
    if endpoint in ENDPOINTS and endpoint not in (*_PAGED, UNKNOWN):
        for name in ("page", "serve_page"):
            if values[name] is not None:
                yield f"{endpoint} has no pages, so {name} has no effect"
    if endpoint in PICTURE_ENDPOINTS and (values["replace"] or values["remove"]):
        yield f"{endpoint} does not answer with JSON, so replace and remove have no effect"


def _contradictions(values: Values, said: Set[str]) -> Iterator[str]:
    if "per_second" in said or "at_once" in said:
        yield from _not_of_a_throttle(said)
        return
    endings = [name for name in _ENDINGS if name in said]
    if len(endings) > 1:
        yield f"{' and '.join(endings)} can't go together: a reply ends in one way"
    elif endings and endings[0] != "truncate_after" and "after_bytes" not in said:
        for name in said & set(_OF_A_REPLY):
            yield f"{endings[0]} sends no reply, so {name} has no effect"
    if "after_bytes" in said and not said & {"reset", "stall"}:
        yield "after_bytes tells where reset or stall comes; add one of them"
    if "status" in said:
        yield from _not_with_a_status(values, said)
    elif "body" in said:
        yield "body goes with a status; to change the true reply, say replace, remove or extra_bytes"
    if "after_work" in said and not said & {"status", "reset", "stall", "delay_s"}:
        yield "after_work tells when delay_s, status, reset or stall comes; add one of them"


def _not_with_a_status(values: Values, said: Set[str]) -> Iterator[str]:
    for name in said & set(_OF_A_TRUE_REPLY):
        yield f"{name} changes the true reply, which status puts another in place of"
    size = len(as_bytes(values["body"]))
    for name in _CUTS:
        if (values[name] or 0) > size:
            yield f"{name} is beyond the end of the body, which has {size} bytes"


def _not_of_a_throttle(said: Set[str]) -> Iterator[str]:
    for name in sorted(said - _OF_A_THROTTLE):
        yield f"{name} can't go with per_second or at_once: what a throttle strikes is answered with a status"
