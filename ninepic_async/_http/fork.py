"""Make what a forked child inherits harmless to its parent.

The child shares the parent's sockets and epoll object. If the child closes an inherited connection, as a
finalizer does, the parent's event loop stops watching that connection, and TLS announces its end.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import weakref
from contextlib import suppress
from typing import Any, Final

import aiohttp

_sockets: Final[weakref.WeakSet[socket.socket]] = weakref.WeakSet()
_sessions: Final[weakref.WeakKeyDictionary[aiohttp.ClientSession, asyncio.AbstractEventLoop]] = (
    weakref.WeakKeyDictionary()
)
_inherited: Final[list[object]] = []
"""Keeps the parent's connections alive in the child, so that no finalizer runs."""


def watch_socket(opened: socket.socket) -> None:
    """Replace this socket in forked children."""
    _sockets.add(opened)


def watch_session(session: aiohttp.ClientSession) -> None:
    """Disarm this session, which belongs to the running loop, in forked children."""
    _sessions[session] = asyncio.get_running_loop()


def _disarm() -> None:
    for inherited in tuple(_sockets):
        _replace(inherited)
    _sockets.clear()
    for loop in set(_sessions.values()):
        _own_epoll(loop)
    for session in tuple(_sessions):
        _abandon(session)
    _sessions.clear()


def _abandon(session: aiohttp.ClientSession) -> None:
    """Mark a session and its connector as closed, without touching its connections."""
    connector = session.connector
    session.detach()
    if connector is not None:
        connector._closed = True
        _inherited.append(connector)


def _replace(inherited: socket.socket) -> None:
    """Put an unconnected socket in place of an inherited one, under the same number."""
    with suppress(OSError, ValueError), socket.socket() as unconnected:
        os.dup2(unconnected.fileno(), inherited.fileno(), inheritable=False)


def _own_epoll(loop: asyncio.AbstractEventLoop) -> None:
    """Give the child's copy of an event loop an epoll object of its own, which watches the same files."""
    selector: Any = getattr(loop, "_selector", None)
    epoll_selector = getattr(selectors, "EpollSelector", None)
    if epoll_selector is None or not isinstance(selector, epoll_selector):
        return
    with suppress(OSError, ValueError, RuntimeError), epoll_selector() as own:
        for key in (selector.get_map() or {}).values():
            with suppress(OSError, ValueError):
                own.register(key.fd, key.events)
        os.dup2(own.fileno(), selector.fileno(), inheritable=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disarm)
