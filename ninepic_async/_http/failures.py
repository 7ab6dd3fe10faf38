"""Say in words of our own what aiohttp's errors mean.

aiohttp quotes what it could not read: a reply's headers with their cookies, a whole URL with its signature.
None of that is repeated. An error that is passed on keeps its type, a safe text, and nothing else.
"""

from __future__ import annotations

import re
from typing import Final

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ninepic_async._contract.messages import SendError
from ninepic_async._support.redact import mask_queries

_QUOTED: Final = re.compile(r""":?\s*b?['"].*""", re.DOTALL)
_LONGEST_CHARS: Final = 200
_NOWHERE: Final = URL()


class LostReplyError(Exception):
    """Stands in for the two errors on which aiohttp would silently send a request a second time."""


def send_error(error: Exception) -> SendError:
    """Return what a transport raises in place of an error of the HTTP stack."""
    text = describe(error)
    failure = SendError(text, never_sent=_never_sent(error), final=is_final(error))
    failure.__cause__ = bare(error)
    return failure


def describe(error: BaseException) -> str:
    """Return what happened, on one line, without quoting what the other side sent."""
    text = _text(error)
    return mask_queries(" ".join(text.split()))[:_LONGEST_CHARS] or type(error).__name__


def bare(error: BaseException) -> BaseException:
    """Return an error of the same type that holds the description only: no traceback, request or headers."""
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
        # A body that was cut short comes whole next time; one that can't be decoded does not.
        return "decode" in _parser_message(error)
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.InvalidURL, aiohttp.ClientResponseError)):
        return True
    return not isinstance(error, (aiohttp.ClientError, LostReplyError, OSError))


def _text(error: BaseException) -> str:
    if isinstance(error, LostReplyError):
        return str(error)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused the connection: {error.status} {error.message}"
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientPayloadError)):
        return f"the reply can't be read: {_parser_message(error) or type(error).__name__}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        place = "before it replied" if isinstance(error.message, str) else "in the headers of its reply"
        return f"the server closed the connection {place}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"can't connect to the proxy {error.host}:{error.port}: {_reason(error)}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"can't connect to {error.host}:{error.port}: {_reason(error)}"
    return _other_text(error)


def _other_text(error: BaseException) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "the host did not accept the connection in time"
    if isinstance(error, UnicodeError):
        return "the host name is not a valid one"
    if isinstance(error, aiohttp.InvalidURL):
        return "the URL is not a valid one"
    return str(error)


def _reason(error: aiohttp.ClientConnectorError) -> str:
    return error.strerror or str(error.os_error) or type(error.os_error).__name__


def _parser_message(error: aiohttp.ClientResponseError | aiohttp.ClientPayloadError) -> str:
    """Return the parser's own words, up to where it begins to quote."""
    said = str(getattr(error.__cause__ or error, "message", "") or "")
    return " ".join(_QUOTED.sub("", said).rstrip(" :").split())
