"""Parse the JSON of a reply, and find its payload or its error message."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Set
from itertools import islice
from typing import Any, Final, TypeVar

import attrs
import orjson

from ninepic_async._contract.messages import MAX_ERROR_BODY_BYTES, Reply
from ninepic_async._support.redact import EXCERPT_CHARS, MESSAGE_CHARS, excerpt, loggable, masked
from ninepic_async._support.secret import MASK
from ninepic_async.errors import APIStatusError, DecodeError, Headers, Problem

E = TypeVar("E", bound=APIStatusError)

MAX_PROBLEMS: Final = 100
_MOST_HEADERS: Final = 100
_SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "www-authenticate", "x-api-key"}
)
MOST_CONTAINERS: Final = 100_000
"""The largest number of objects and lists in one reply. The garbage collector must visit each one."""
_LONGEST_LENIENT_BYTES: Final = 512 * 1024
"""The largest body for the lenient parser. It is slow, and blocks all threads while it runs."""
_LONGEST_WHOLE_NUMBER: Final = 40
"""The largest number of digits. Parsing a number takes quadratic time."""
_REPLACEMENT: Final = "\ufffd"
_ESCAPES: Final = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""Match escaped backslashes and whole surrogate pairs too, so that group 1 is always a lone surrogate."""


class DamagedText(str):
    """A text in which parts were not valid Unicode, and were replaced."""

    __slots__ = ()


def parse(body: bytes) -> Any:
    """Parse JSON, also if it has a byte order mark, is UTF-16, or contains NaN or lone surrogates.

    Strings that are not valid Unicode become `DamagedText`.

    Raises:
        ValueError: it is not JSON, or far larger than any reply needs.
    """
    containers = body.count(b"{") + body.count(b"[")
    if containers > MOST_CONTAINERS:
        raise ValueError(f"not with {containers:,} objects and lists")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Do not keep the error: its traceback would keep all frames alive.
        reason = str(error)
    if len(body) <= _LONGEST_LENIENT_BYTES:
        with contextlib.suppress(ValueError, RecursionError):
            return _parse_leniently(body)
    raise ValueError(reason)


def _parse_leniently(body: bytes) -> Any:
    text = body.decode(json.detect_encoding(body), "replace")
    text = _ESCAPES.sub(lambda match: r"\ufffd" if match[1] else match[0], text)
    value = json.loads(text, parse_constant=lambda _: None, parse_int=_whole_number)
    return _mark_damaged(value) if _REPLACEMENT in text or r"\ufffd" in text else value


def _whole_number(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_WHOLE_NUMBER else None


def _mark_damaged(value: Any) -> Any:
    if isinstance(value, str):
        return DamagedText(value) if _REPLACEMENT in value else value
    if isinstance(value, dict):
        return {key: _mark_damaged(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark_damaged(item) for item in value]
    return value


def payload(reply: Reply, endpoint: str, required: Set[str]) -> tuple[str, Any]:
    """Find a reply's payload: under ``data`` in the envelope, or the whole body if it is flat.

    Args:
        reply: a 2xx.
        endpoint: the endpoint's name.
        required: the keys that the payload must have. With them a flat payload may have its own ``data``.

    Returns:
        The payload's JSON path, and the payload.

    Raises:
        APIStatusError: the body says ``responseType: "error"``, whatever the status.
        DecodeError: it has neither shape.
    """
    try:
        body = parse(reply.body)
    except ValueError as error:
        raise contract_error(reply, endpoint, "$", f"JSON ({error})", reply) from error
    if not isinstance(body, dict):
        raise contract_error(reply, endpoint, "$", "an object", body)
    if "responseType" not in body and ("data" not in body or required <= body.keys()):
        return "$", body
    kind = body.get("responseType", "success")
    if kind == "error":
        raise with_reply(APIStatusError(error_message(reply), status=reply.status, endpoint=endpoint), reply)
    if kind != "success":
        raise contract_error(reply, endpoint, "$.responseType", "'success'", kind)
    data = body.get("data", attrs.NOTHING)
    if not isinstance(data, dict):
        raise contract_error(reply, endpoint, "$.data", "an object", data)
    return "$.data", data


def with_reply(error: E, reply: Reply) -> E:
    """Add a reply's headers and the beginning of its body to an error, with their secrets masked."""
    shown = islice(reply.headers.items(), _MOST_HEADERS)
    error.headers = Headers({name: _shown_header(name, value) for name, value in shown})
    error.body = masked(reply.body[: 4 * MESSAGE_CHARS].decode("utf-8", "replace"))
    return error


def _shown_header(name: str, value: str) -> str:
    return MASK if name in _SECRET_HEADERS else loggable(value)


def contract_error(reply: Reply, endpoint: str, path: str, expected: str, received: object) -> DecodeError:
    """Return the error that says where a reply breaks the contract."""
    return DecodeError(
        endpoint=endpoint,
        path=loggable(path, EXCERPT_CHARS),
        expected=expected,
        received=_shown(received),
        body=excerpt(reply.body),
    )


def error_message(reply: Reply) -> str:
    """Return the message of a failed reply: 9Pic's own, or a description of what a gateway sent."""
    message = _json_object(reply).get("message")
    if isinstance(message, str) and message:
        return loggable(message)
    if 300 <= reply.status < 400 and "location" in reply.headers:
        target = loggable(reply.headers["location"].partition("?")[0], EXCERPT_CHARS)
        return f"(a redirect to {target}, not followed: the API key goes to base_url only)"
    if not reply.body.strip():
        return "(empty body: not a reply from 9Pic itself)"
    return f"({_content_kind(reply)}, not a reply from 9Pic itself) {excerpt(reply.body)}"


def problems(message: str) -> tuple[Problem, ...]:
    """Split a 422's message: ``field.path: problem; field.path: problem``."""
    found = []
    for part in filter(None, (part.strip() for part in message.split("; ", MAX_PROBLEMS)[:MAX_PROBLEMS])):
        field, colon, problem = part.partition(": ")
        found.append(Problem(field, problem) if colon else Problem("", part))
    return tuple(found)


def _json_object(reply: Reply) -> dict[str, Any]:
    if len(reply.body) > MAX_ERROR_BODY_BYTES:
        return {}
    try:
        body = parse(reply.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _content_kind(reply: Reply) -> str:
    kind = reply.headers.get("content-type", "").partition(";")[0].strip()
    return f"{loggable(kind, EXCERPT_CHARS) or 'no content type'}, {len(reply.body)} bytes"


def _shown(value: object) -> str:
    if value is attrs.NOTHING:
        return "nothing"
    if isinstance(value, Reply):
        return _content_kind(value)
    if value is None:
        return "null"
    if isinstance(value, dict):
        keys = ", ".join(loggable(str(key), 40) for key in list(value)[:8])
        return f"an object with the keys {keys or '(none)'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    shown = repr(loggable(value, 100)) if isinstance(value, str) else repr(value)[:100]
    return f"{_JSON_NAMES.get(type(value), type(value).__name__)} {shown}"


_JSON_NAMES: Final = {
    str: "string",
    DamagedText: "string with invalid characters",
    bool: "boolean",
    int: "number",
    float: "number",
}
