"""Read the form of a selfie search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.http import HttpProcessingError
from attrs import frozen

from ninepic_async.sandbox.api.checks import RefusalError, read_request_id
from ninepic_async.sandbox.dialect import Dialect

_MALFORMED: Final = (ValueError, LookupError, RuntimeError, HttpProcessingError)
"""Errors that aiohttp raises for malformed form parts: no name, bad headers, an unknown charset."""


@frozen
class SelfieForm:
    """The posted form of a selfie search; ``selfie`` is None if the field is missing."""

    selfie: bytes | None
    request_id: str | None


async def read_selfie_form(request: web.Request, field: str) -> SelfieForm:
    """Return the posted form; 422 if it is malformed, 400 if its ``request_id`` is."""
    try:
        form = await _posted(request)
    except _MALFORMED as error:
        raise RefusalError(422, f"body: Malformed form ({error})") from None
    except ConnectionError:
        raise RefusalError(400, "The upload was cut short") from None
    request_id = form.get("request_id")
    if not isinstance(request_id, str | None):
        raise RefusalError(422, "body.request_id: Input should be a valid string")
    upload = form.get(field)
    if upload is not None and not isinstance(upload, web.FileField):
        raise RefusalError(422, f"body.{field}: Expected a file")
    selfie = upload.file.read() if upload is not None else None
    for value in form.values():
        # Close the files here too: a client that disconnects early ends the request before aiohttp does it.
        if isinstance(value, web.FileField):
            value.file.close()
    return SelfieForm(selfie, None if request_id is None else read_request_id(request_id))


async def _posted(request: web.Request) -> Mapping[str, object]:
    # Read the whole body first. If a TCP segment is shorter than the boundary, aiohttp's multipart reader
    # calls its own deprecated method, and the request fails where warnings are errors.
    body = await request.read()
    whole = StreamReader(request.protocol, len(body) + 1)
    whole.feed_data(body)
    whole.feed_eof()
    request._payload = whole
    return await request.post()


def required_selfie(form: SelfieForm, dialect: Dialect) -> bytes:
    """Return the selfie; 422 if it is missing, 400 if it is empty."""
    if form.selfie is None:
        raise RefusalError(422, f"body.{dialect.selfie_field}: {dialect.missing_field_problem}")
    if not form.selfie:
        raise RefusalError(400, "The selfie is empty")
    return form.selfie
