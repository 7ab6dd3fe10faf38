"""Moving bytes: what the engine asks of a transport, and the one that uses aiohttp."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import anyio

from ninepic_async import __version__
from ninepic_async._contract.messages import Reply, Request, SendError, plain_headers
from ninepic_async._support.loop_affinity import LoopAffinity
from ninepic_async._support.redact import Secret, mask_queries
from ninepic_async.errors import ConfigError

if TYPE_CHECKING:
    import aiohttp

CONNECT_TIMEOUT_S: Final = 15.0
"""A host that does not even answer the handshake should leave time for another try."""
LARGEST_REPLY_BYTES: Final = 64 * 1024 * 1024
_CLOSE_WITHIN_S: Final = 2.0


class AiohttpTransport:
    """The transport that people use. It opens its session on first use, in the loop that uses it.

    Args:
        base_url: scheme, host and perhaps a path prefix, without a slash at the end.
        api_key: sent with each request to ``base_url``, and to nothing else: redirects are not followed.
        session: a session of the caller's, which is used but never closed.
        affinity: shared with the client's throttle.
    """

    def __init__(
        self,
        base_url: str,
        api_key: Secret,
        session: aiohttp.ClientSession | None = None,
        affinity: LoopAffinity | None = None,
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._headers = {
            "X-API-Key": api_key,
            "Accept": "application/json",
            "User-Agent": user_agent(),
        }
        self._borrowed = session
        self._session: aiohttp.ClientSession | None = None
        self._affinity = affinity or LoopAffinity()

    async def send(self, request: Request) -> Reply:
        """Send a request, exactly once."""
        import aiohttp
        from yarl import URL

        self._affinity.enter()
        session = self._session or self._open()
        if session.closed:
            raise ConfigError("the session that this client was given is closed")
        body = _body(request)
        # All that a session's own defaults could turn into something that 9Pic can't read is said here.
        headers = self._headers if body is None else {**self._headers, "Content-Type": _type_of(body)}
        try:
            async with session.request(
                request.method,
                URL(self._base_url + request.path, encoded=True).extend_query(request.query),
                headers=headers,
                allow_redirects=False,
                auto_decompress=True,
                raise_for_status=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
                # Beside a session's own middlewares, which naming ours here would switch off.
                middlewares=(*getattr(session, "_middlewares", ()), send_once),
                data=body,
            ) as response:
                content = await _read(response)
                return Reply(response.status, plain_headers(response.headers), content)
        except SentButLostError as lost:
            raise SendError(str(lost)) from lost.__cause__
        except (aiohttp.ClientError, OSError) as error:
            # A server that plays the request back as its answer gets it quoted in aiohttp's error.
            if self._api_key in str(error):
                raise _send_error(error, "the reply is not HTTP") from None
            raise _send_error(error, _text(error)) from error

    async def aclose(self) -> None:
        """Close the session if it is ours."""
        session = self._session
        if session is None or session is self._borrowed:
            self._affinity.close()
            return
        self._affinity.enter()
        self._affinity.close()
        self._session = None
        with anyio.move_on_after(_CLOSE_WITHIN_S, shield=True):
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        if getattr(self._borrowed, "_loop", None) not in (None, asyncio.get_running_loop()):
            raise ConfigError(
                "the session that this client was given belongs to another event loop: make it in this one"
            )
        # The engine's gate limits how many requests are under way; a second limit here would only hide it.
        self._session = self._borrowed or aiohttp.ClientSession(
            connector=_connector(), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self._session


def user_agent() -> str:
    """Return the ``User-Agent`` for the API and for photo hosts."""
    return f"ninepic-async/{__version__}"


def _connector() -> aiohttp.TCPConnector:
    import aiohttp

    from ninepic_async._http.resolver import resolver

    return aiohttp.TCPConnector(limit=0, resolver=resolver())


class SentButLostError(Exception):
    """Stands in for the two errors on which aiohttp would silently send a request a second time."""


async def send_once(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request a second time of its own accord; a middleware for any session."""
    import aiohttp

    try:
        response: aiohttp.ClientResponse = await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise SentButLostError(_text(error)) from error
    return response


def _body(request: Request) -> aiohttp.Payload | None:
    import aiohttp

    if request.json is not None:
        return aiohttp.JsonPayload(dict(request.json))
    if not request.multipart:
        return None
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in request.form.items():
        form.add_field(name, value)
    if request.upload is not None:
        upload = request.upload
        form.add_field(
            upload.form_field, upload.content, filename=upload.filename, content_type=upload.content_type
        )
    return form()


def _type_of(body: aiohttp.Payload) -> str:
    return body.headers["Content-Type"]


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST_REPLY_BYTES:
            raise SendError(f"the reply is larger than {LARGEST_REPLY_BYTES} bytes", final=True)
        chunks.append(chunk)
    return b"".join(chunks)


def _send_error(error: Exception, text: str) -> SendError:
    import aiohttp

    never_sent = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    final = isinstance(error, (aiohttp.ClientSSLError, aiohttp.InvalidURL))
    return SendError(text, never_sent=never_sent, final=final)


def _text(error: Exception) -> str:
    import aiohttp

    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientPayloadError)):
        # To what its parser says aiohttp gives the status 400, as if the service had answered so.
        parsed = error.__cause__ or error
        said = " ".join(str(getattr(parsed, "message", "")).split())
        if said and not isinstance(error, aiohttp.ClientHttpProxyError):
            return f"the reply can't be read: {mask_queries(said)}"
    return str(error) or type(error).__name__
