"""Asking the photo hosts: a session of its own that has no key to send."""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import Final, Self

import aiohttp
import anyio
from yarl import URL

from ninepic_async._http.failures import LostReplyError
from ninepic_async._http.session import open_session, user_agent

RECEIVE_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""Measured on files of 4 MiB: the system's smaller default costs a fifth of the speed."""
MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PLAIN: Final = re.compile(r"[!-~]+")
_CLOSE_WITHIN_S: Final = 0.5

NetworkError: Final[tuple[type[Exception], ...]] = (
    aiohttp.ClientError,
    LostReplyError,
    OSError,
    TimeoutError,
)
"""What can go wrong between us and a host."""


class LinkError(Exception):
    """A link that is not to be followed, with the reason."""


class PhotoHost:
    """The connections of one bulk fetch. How long a host may take is for the caller to say."""

    def __init__(self) -> None:
        # Having freed one block of that size, glibc keeps as much at hand, instead of giving each chunk's
        # pages back and asking for them anew: a tenth of the time on small files. The block is never touched.
        bytearray(RECEIVE_BUFFER_BYTES)
        # The bytes must be those on the host's disk: lengths and ranges are counted in them.
        headers = {"Accept-Encoding": "identity", "User-Agent": user_agent()}
        self._session = open_session(headers=headers, on_socket=_enlarge_buffer, auto_decompress=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.move_on_after(_CLOSE_WITHIN_S, shield=True):
            await self._session.close()

    async def open(self, link: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        """Ask for a file, following redirects. The caller closes the reply.

        Raises:
            LinkError: it leads somewhere that is not to be asked.
        """
        url = _checked(link)
        for _ in range(MOST_REDIRECTS + 1):
            try:
                reply = await self._session.get(url, headers=headers, allow_redirects=False)
            except UnicodeError as error:  # of Python's resolver, for a host name that can't be one
                raise _not_a_link(str(url)) from error
            location = reply.headers.get("Location")
            if reply.status not in _REDIRECTS or location is None:
                return reply
            reply.release()
            following = _checked(location, url)
            if url.scheme == "https" and following.scheme != "https":
                raise LinkError("the host redirects from https to http")
            url = following
        raise LinkError(f"the host redirects more than {MOST_REDIRECTS} times")


def _checked(link: str, base: URL | None = None) -> URL:
    try:
        # A signature holds only for the very characters that were signed.
        url = URL(link, encoded=_PLAIN.fullmatch(link) is not None)
        url = url if base is None else base.join(url)
        if url.scheme in ("http", "https") and url.host:
            return url
    except ValueError:
        pass
    raise _not_a_link(link)


def _not_a_link(link: str) -> LinkError:
    shown = re.split("[?#]", link)[0][:80]
    return LinkError(f"{shown!r} is not an http or https link")


def _enlarge_buffer(opened: socket.socket, _: object) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
