"""Send the engine's requests with aiohttp, each exactly once."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from typing import Any, Final

import aiohttp
import anyio
from yarl import URL

from ninepic_async._contract.messages import Reply, Request, SendError, plain_headers
from ninepic_async._http.failures import send_error
from ninepic_async._http.idle import skip_unclean
from ninepic_async._http.network import Network
from ninepic_async._http.session import (
    CONNECT_TIMEOUT_S,
    HEADER_LIMITS,
    discard,
    open_session,
    route,
    send_once,
)
from ninepic_async._support.loop_affinity import LoopAffinity
from ninepic_async._support.secret import Secret
from ninepic_async.errors import ConfigError

LARGEST_REPLY_BYTES: Final = 8 * 1024 * 1024
"""A page of 100 photos needs less than 1 MiB, even with long signed links."""
_CLOSE_WITHIN_S: Final = 2.0
_LARGEST_PLAIN_BODY_BYTES: Final = 512 * 1024


class AiohttpTransport:
    """The transport of every client. It opens its session on first use, in the loop that uses it.

    Args:
        base_url: scheme, host and perhaps a path prefix, without a slash at the end.
        api_key: sent with each request to ``base_url``, and to nothing else: redirects are not followed.
        session: the caller's session. The transport uses it, and never closes it.
        affinity: shared with the client's throttle.
        network: proxies, TLS and extra headers. A caller's session keeps its own proxy and TLS settings.
    """

    def __init__(
        self,
        base_url: str,
        api_key: Secret,
        session: aiohttp.ClientSession | None = None,
        affinity: LoopAffinity | None = None,
        network: Network = Network(),  # noqa: B008 (frozen)
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._borrowed = session
        self._session: aiohttp.ClientSession | None = None
        self._affinity = affinity or LoopAffinity()
        self._moves = 0
        self._network = network
        self._proxy = None if session is not None else network.proxies.find(base_url)

    async def send(self, request: Request) -> Reply:
        """Send a request, exactly once.

        Raises:
            SendError: no complete reply arrived.
            ConfigError: the caller's session is closed or belongs to another event loop.
        """
        self._affinity.enter()
        if self._moves != self._affinity.moves:
            self._leave_closed_loop()
        session = self._session or self._open()
        if session.closed:
            raise ConfigError("the session that this client was given is closed: pass an open one")
        try:
            return await self._exchange(session, request)
        except SendError:
            raise
        except Exception as error:
            failure = send_error(error)
            seen: BaseException | None = error
            while seen is not None:  # aiohttp keeps its error with the reply, so a traceback keeps both
                seen.__traceback__ = None
                seen = seen.__cause__ or seen.__context__
        # Raised outside of the `except` block to have no context: aiohttp's frames hold the key.
        raise failure

    async def aclose(self) -> None:
        """Close the session, unless it is the caller's."""
        session = self._session
        if session is None or session is self._borrowed:
            self._affinity.close()
            return
        self._affinity.enter()
        self._affinity.close()
        if self._moves != self._affinity.moves:
            self._leave_closed_loop()
            return
        self._session = None
        with anyio.move_on_after(_CLOSE_WITHIN_S, shield=True):
            await session.close()

    async def _exchange(self, session: aiohttp.ClientSession, request: Request) -> Reply:
        body, content_type = await _body(request)
        # The caller's session may have defaults that break calls to 9Pic: override each of them.
        async with session.request(
            request.method,
            URL(self._base_url + request.path, encoded=True).extend_query(request.query),
            headers=self._headers(content_type),
            allow_redirects=False,
            auto_decompress=True,
            raise_for_status=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            # A request's middlewares replace those of its session.
            middlewares=(*_middlewares(self._borrowed), skip_unclean, send_once),
            data=body,
            **route(self._proxy),
            **HEADER_LIMITS,
        ) as response:
            content = await _read(response)
            return Reply(response.status, plain_headers(response.headers), content)

    def _headers(self, content_type: str | None) -> dict[str, str]:
        # Plain strings, because recorders such as vcrpy write the headers to files.
        headers = {
            **self._network.headers,
            "X-API-Key": self._api_key.reveal(),
            "Accept": "application/json",
        }
        return headers if content_type is None else {**headers, "Content-Type": content_type}

    def _leave_closed_loop(self) -> None:
        """Drop the session of an event loop that has been closed."""
        self._moves = self._affinity.moves
        session, self._session = self._session, None
        if session is not None and session is not self._borrowed:
            discard(session)

    def _open(self) -> aiohttp.ClientSession:
        if getattr(self._borrowed, "_loop", None) not in (None, asyncio.get_running_loop()):
            raise ConfigError(
                "the session that this client was given belongs to another event loop: create it in this loop"
            )
        self._session = self._borrowed or open_session(tls=self._network.tls)
        return self._session


def _middlewares(borrowed: aiohttp.ClientSession | None) -> tuple[Any, ...]:
    return tuple(getattr(borrowed, "_middlewares", ()))


async def _body(request: Request) -> tuple[BytesIO | bytes | None, str | None]:
    """Return a request's body and content type. Recorders such as vcrpy can't store aiohttp's payloads."""
    if request.json is not None:
        return _as_file_if_large(json.dumps(dict(request.json)).encode()), "application/json"
    if not request.multipart:
        return None, None
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in request.form.items():
        form.add_field(name, value)
    if request.upload is not None:
        upload = request.upload
        form.add_field(
            upload.form_field,
            BytesIO(upload.content),
            filename=upload.filename,
            content_type=upload.content_type,
        )
    payload = form()
    return _as_file_if_large(await payload.as_bytes()), str(payload.headers["Content-Type"])


def _as_file_if_large(body: bytes) -> BytesIO | bytes:
    """Return a large body as a file. aiohttp sends a file in pieces, and warns about large ``bytes``."""
    return body if len(body) <= _LARGEST_PLAIN_BODY_BYTES else BytesIO(body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST_REPLY_BYTES:
            raise SendError(f"the reply is larger than {LARGEST_REPLY_BYTES} bytes", final=True)
        chunks.append(chunk)
    return b"".join(chunks)
