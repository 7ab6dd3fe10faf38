"""The contract as an OpenAPI document, served at ``/openapi.json``.

The document is written by hand in ``openapi.yaml`` and shares no code with the client's decoder. Where the
contract is a guess, the file has the guess's name, and `ninepic_async.guesses` has its value.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, Final

import orjson
from aiohttp import web

from ninepic_async import guesses
from ninepic_async.sandbox.http.handlers import Handler

PATH: Final = "/openapi.json"
HINT: Final = "the OpenAPI document needs PyYAML: pip install 'ninepic-async[sandbox]'"


class _Guesses(Template):
    delimiter = "@"  # the document is full of $ref


@cache
def document() -> dict[str, Any]:
    """Return the whole document. It is cached: do not change it.

    Raises:
        ImportError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise ImportError(HINT) from error
    written = files("ninepic_async.sandbox.api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(_Guesses(written).substitute(_values()), loader)  # noqa: S506 (safe)
    return loaded


def add_to(app: web.Application) -> None:
    """Serve the document from this application. Requests for it are not logged and get no faults."""
    app.middlewares.insert(0, _serve_document)


@web.middleware
async def _serve_document(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path == PATH and request.method == "GET":
        return _reply()
    return await handler(request)


def _reply() -> web.Response:
    try:
        body = orjson.dumps(document(), option=orjson.OPT_INDENT_2)
    except ImportError as error:
        return web.Response(status=501, text=str(error))
    return web.Response(body=body, content_type="application/json")


def _values() -> dict[str, str]:
    """Return the guesses as JSON, which is valid YAML."""
    words = sorted(word for known in guesses.CLIP_STATUS_WORDS.values() for word in known)
    values: dict[str, object] = {
        "SELFIE_FIELD": guesses.SELFIE_FIELD,
        "UNKNOWN_REQUEST_ID_STATUS": guesses.UNKNOWN_REQUEST_ID_STATUS,
        "FACES_PAGE_SIZE_MAX": guesses.FACES_PAGE_SIZE_MAX,
        "TIMELINE_PAGE_SIZE_MAX": guesses.TIMELINE_PAGE_SIZE_MAX,
        "CLIP_STATUS_KEY": guesses.CLIP_STATUS_KEY,
        "CLIP_LIST_KEY": guesses.CLIP_LIST_KEYS[0],
        "CLIP_URL_KEY": guesses.CLIP_URL_KEYS[0],
        "CLIP_STATUS_WORDS": words,
    }
    return {name: orjson.dumps(value).decode() for name, value in values.items()}
