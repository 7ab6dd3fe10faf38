"""Describe aiohttp's errors without quoting what the other side sent.

aiohttp quotes what it could not parse: a reply's headers with their cookies, or a whole URL with its
signature. An error that is passed on keeps only its type and a safe text.
"""

from __future__ import annotations

import os
from typing import Final

import aiohttp
from aiohttp import http_exceptions
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ninepic_async._contract.messages import SendError
from ninepic_async._support.redact import mask_queries

_UNREADABLE: Final = (
    (http_exceptions.LineTooLong, "its headers are too long"),
    (http_exceptions.BadStatusLine, "it is not HTTP"),
    (http_exceptions.InvalidHeader, "a header is malformed"),
    (http_exceptions.ContentEncodingError, "it can't be decompressed"),
    (http_exceptions.ContentLengthError, "it is shorter than its Content-Length"),
    (http_exceptions.TransferEncodingError, "it ended too early, or is not chunked as its headers say"),
    (http_exceptions.BadHttpMessage, "its headers are malformed"),
)
_LONGEST_CHARS: Final = 200
_NOWHERE: Final = URL()


class LostReplyError(Exception):
    """Replaces the two errors after which aiohttp would silently send a request again."""


def send_error(error: Exception) -> SendError:
    """Return the `SendError` that a transport raises in place of an error of aiohttp."""
    text = describe(error)
    failure = SendError(text, never_sent=_never_sent(error), final=is_final(error))
    failure.__cause__ = bare(error)
    return failure


def describe(error: BaseException) -> str:
    """Return what happened, on one line, without quoting what the other side sent."""
    text = _text(error)
    return mask_queries(" ".join(text.split()))[:_LONGEST_CHARS] or type(error).__name__


def bare(error: BaseException) -> BaseException:
    """Return an error of the same type with only the description: no traceback, request or headers."""
    if isinstance(error, LostReplyError) and error.__cause__ is not None:
        return bare(error.__cause__)
    text = describe(error)
    try:
        if isinstance(error, aiohttp.ClientConnectorError):
            return _bare_connector_error(error)
        if isinstance(error, aiohttp.ClientResponseError):
            return type(error)(_bare_request(error), (), status=error.status, message=text)
        if isinstance(error, OSError) and error.errno is not None:
            return type(error)(error.errno, text)
        return type(error)(text)
    except Exception:
        return aiohttp.ClientError(text)


def _bare_connector_error(error: aiohttp.ClientConnectorError) -> BaseException:
    key = error.args[0]._replace(ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
    return type(error)(key, OSError(error.errno, _reason(error)))


def _bare_request(error: aiohttp.ClientResponseError) -> aiohttp.RequestInfo:
    info = error.request_info
    url = _NOWHERE if info is None else info.url.with_query(None)
    return aiohttp.RequestInfo(url, "" if info is None else info.method, CIMultiDictProxy(CIMultiDict()), url)


def _never_sent(error: Exception) -> bool:
    return isinstance(
        error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
    )


def is_final(error: Exception) -> bool:
    """Return whether another attempt would end in the same way."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return 400 <= error.status < 500
    if isinstance(error, aiohttp.ClientPayloadError):
        # A body that was cut short may be complete the next time; one that can't be decompressed will not.
        return _is_caused_by(error, http_exceptions.ContentEncodingError)
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.InvalidURL, aiohttp.ClientResponseError)):
        return True
    return not isinstance(error, (aiohttp.ClientError, LostReplyError, OSError))


def _text(error: BaseException) -> str:
    if isinstance(error, LostReplyError):
        return str(error)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused the connection: {error.status} {error.message}"
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientPayloadError)):
        return f"the reply can't be read: {_what_is_wrong(error)}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        moment = "before it replied" if isinstance(error.message, str) else "in the headers of its reply"
        return f"the server closed the connection {moment}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"can't connect to the proxy {error.host}:{error.port}: {_reason(error)}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"can't connect to {error.host}:{error.port}: {_reason(error)}"
    return _other_text(error)


def _other_text(error: BaseException) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "the host did not accept the connection in time"
    if isinstance(error, UnicodeError):
        return "the host name is not valid"
    if isinstance(error, aiohttp.InvalidURL):
        return "the URL is not valid"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror  # without the number of the error
    return str(error)


def _reason(error: aiohttp.ClientConnectorError) -> str:
    if (error.strerror or "").startswith("Connect call failed"):  # asyncio's words, with the address again
        return os.strerror(error.errno or 0)
    return error.strerror or str(error.os_error) or type(error.os_error).__name__


def _what_is_wrong(error: BaseException) -> str:
    return next((text for kind, text in _UNREADABLE if _is_caused_by(error, kind)), "it ended too early")


def _is_caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__
    return False
